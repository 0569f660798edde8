"""From the parameters under /midi to how the realtime process plays on each MIDI output."""

from collections.abc import Iterator, Mapping

from bridge.fixed import MIDI_OUTPUTS
from bridge.realtime import mapping
from bridge.realtime.messages import SetMapping
from models.contract import Value

ROOT = "/midi/"


def number_of(path: str) -> int:
    """The MIDI output of which ``path`` is a parameter; 0 where it is of none."""
    number = path[len(ROOT) :].partition("/")[0] if path.startswith(ROOT) else ""
    return int(number) if number.isdigit() else 0


def mapping_of(values: Mapping[str, Value], number: int) -> SetMapping:
    """How output ``number`` is to play, by the parameters' values."""

    def value(name: str) -> float:
        return float(values[f"{ROOT}{number}/{name}"])

    return SetMapping(
        number,
        mapping.Mapping(
            on=bool(value("on")),
            offset=value("offset") / 1000,
            only=int(value("only")),
            channel=int(value("channel")),
            transpose=int(value("transpose")),
            velocity=value("velocity"),
            swing=value("swing"),
            grid=4 if value("swing_sixteenths") else 2,
            humanise=value("humanise") / 1000,
            humanise_velocity=value("humanise_velocity"),
        ),
    )


def mappings(values: Mapping[str, Value]) -> Iterator[SetMapping]:
    """How every output is to play."""
    return (mapping_of(values, number) for number in range(1, MIDI_OUTPUTS + 1))
