"""Where the patches find the bridge, and the port that each host receives on: its own, so that all can run at once."""

from bridge.config import Settings

HOST = "127.0.0.1"
BRIDGE = Settings().osc_port
PAGE = f"http://{HOST}:{Settings().http_port}/"

PURE_DATA = 7772
MAX = 7773
ABLETON = 7774
ABLETON_FRAMES = 7775
TOUCH_DESIGNER = 7776

LEASE = 15
"""Seconds for which a patch subscribes; what hears nothing for so long is not connected."""
RENEWAL = 4
"""Seconds between a patch's subscriptions."""
