"""The best that this machine allows.

``python -m bridge.bench.timing.spin SECONDS STEP`` does nothing but wait for every STEP seconds, in realtime where that
is granted, and prints by how much it was late each time (seconds, as JSON).
"""

import gc
import json
import sys
import time

from bridge.clocks import now
from bridge.realtime.process import AWAKE
from bridge.realtime.scheduling import claim


def main() -> int:
    """Wait and print."""
    seconds, step = (float(text) for text in sys.argv[1:])
    scheduled = claim()
    gc.disable()
    late = []
    start = now() + 0.1
    for number in range(int(seconds / step)):
        due = start + number * step
        ahead = due - now() - AWAKE
        if ahead > 0:
            time.sleep(ahead)
        while now() < due:
            pass
        late.append(now() - due)
    print(json.dumps({"scheduling": scheduled, "late": late}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
