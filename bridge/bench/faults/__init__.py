"""``antiphon bench faults``: whether a note is left sounding by anything that may go wrong, on a real JACK server."""

from collections import Counter
from collections.abc import Callable

from bridge.bench import BenchError
from bridge.bench.faults.soak import Soak
from bridge.client.osc import NoReplyError
from bridge.client.server import ServerFailedError
from bridge.clocks import now
from bridge.measure.figures import Figure, percentile_ms
from bridge.measure.jack import NoJackError

HELP = "notes left sounding after faults of all kinds, on a real JACK server"
COUNT = 1000
"""Faults."""


def measure(count: int, tell: Callable[[str], None]) -> list[Figure]:
    """Cause so many faults, one kind after the other. Raises BenchError when the bridge does not run."""
    done: Counter[str] = Counter()
    left: list[str] = []
    taken: list[float] = []
    try:
        with Soak() as soak:
            kinds = list(soak.kinds().items())
            for number in range(count):
                name, cause = kinds[number % len(kinds)]
                if not soak.sound():
                    raise BenchError(f"no chord came before {name} (fault {number + 1}); {soak.server.output[-2000:]}")
                begun = now()
                cause()
                if soak.silent():
                    taken.append(now() - begun)
                else:
                    left.append(f"{name}: {soak.left()}")
                    tell(f"  left sounding after {left[-1]}")
                    soak.forget()
                done[name] += 1
                if (number + 1) % 50 == 0:
                    tell(f"  {number + 1} faults, {len(left)} left sounding")
    except NoJackError as error:
        raise BenchError(str(error)) from error
    except (ServerFailedError, NoReplyError) as error:
        raise BenchError(f"after {sum(done.values())} faults: {error}") from error
    kinds_done = ", ".join(f"{name} {times}" for name, times in done.items())
    return [
        Figure(
            name="stuck_notes",
            value=float(len(left)),
            unit="faults",
            goal="<= 0",
            detail=f"faults of {len(done)} kinds in mid-chord after which a note was still sounding, over JACK or OSC;"
            f" of {sum(done.values())}: {kinds_done}" + "".join(f"; {text}" for text in left[:20]),
        ),
        Figure(name="faults", value=float(sum(done.values())), unit="", goal="", detail=kinds_done),
        Figure(
            name="silent_after_p99_ms",
            value=percentile_ms(taken, 99),
            unit="ms",
            goal="",
            detail="from the fault until nothing sounded; new starts of the bridge and of JACK included;"
            f" p50 {percentile_ms(taken, 50)} ms",
        ),
    ]
