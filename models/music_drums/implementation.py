"""The drum player: drums under what is played, and drums by themselves."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from models.contract import Note, Phrase, Value
from models.music_drums.declaration import MusicDrums
from models.music_vae import given, own_weights
from models.music_vae.drummer import GROOVE, Drummer
from models.music_vae.implementation import check_bars
from models.music_vae.metre import model_bars
from models.music_vae.threads import use_one_thread
from models.music_vae.uses import drum_completing, drumming
from models.music_vae.uses.completing import gaps_in
from models.music_vae.uses.style import style


class MusicDrumsPlayer:
    """Plays drums by MusicVAE's two-bar drum model and GrooVAE; see :mod:`models.music_vae.uses.drumming`."""

    def __init__(self, weights: Sequence[Path] | None = None) -> None:
        """Read the embedded weights (or one's own: `own_weights`), or those given, and go through the motions once.

        Raises OSError or ValueError with the reason.
        """
        use_one_thread()
        if weights is None:
            *networks, prior, attributes = MusicDrums.weights
            paths = [own_weights.find(name) for name in networks]
            self.drummer = Drummer(paths, *(own_weights.beside(paths[0], name) for name in (prior, attributes)))
        else:
            self.drummer = Drummer(weights)
        warm = Phrase((Note(36, 80, 0.0, 0.25), Note(38, 80, 1.0, 0.25)), bars=2)
        for _ in self.answer(warm, 2, {"seed": 0}):
            pass

    def answer(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        """Yield drums that go with the rhythm of the call, or what else is set; see `models.contract.NotePlayer`.

        A call without drums is always drummed to.
        """
        wanted = given.text(MusicDrums.params(), "answer_with", params)
        use = {"drums": "drumify", "variation": "vary", "continuation": "continue"}[wanted]
        if not drumming.has_drums(call):
            use = "drumify"
        arguments = {name: params[name] for name in MusicDrums.actions()[use].arguments if name in params}
        return self.act(use, arguments, call, bars, params)

    def act(
        self, action: str, arguments: Mapping[str, Value], heard: Phrase, bars: int, params: Mapping[str, Value]
    ) -> Iterator[Note]:
        """Do an action of the declaration; see :class:`models.contract.NoteActor`.

        Raises ValueError, before the first note, for bars outside 1..1024, a parameter out of its range, or a call
        without what the action needs.
        """
        declared = MusicDrums.actions()[action].arguments
        numbers = {name: given.number(declared, name, arguments) for name, p in declared.items() if p.low is not None}
        chosen = style({**params, **numbers} if action == "vary" else params)
        check_bars(bars)
        room = model_bars(bars, heard.beats_per_bar)
        match action:
            case "generate":
                return drumming.generate(self.drummer, room, chosen)
            case "continue":
                return drumming.continue_(self.drummer, drumming.windows(heard)[-2:], room, chosen)
            case "vary":
                return drumming.vary(self.drummer, drumming.windows(heard), room, chosen)
            case "interpolate":
                return drumming.interpolate(
                    self.drummer, drumming.windows(heard), room, chosen, corners=bool(arguments.get("corners"))
                )
            case "complete":
                gaps = gaps_in(given.text(declared, "gaps", arguments), heard)
                return drum_completing.complete(self.drummer, heard, gaps, chosen)
            case "morph":
                return drumming.morph(self.drummer, drumming.windows(heard), room, chosen, numbers)
            case "drumify":
                return drumming.drumify(self.drummer, drumming.windows(heard, taps=True), room, chosen)
            case "groove":
                drumming.windows(heard)
                self.drummer.network(GROOVE)
                return drumming.groove(self.drummer, heard, numbers["amount"])
        raise ValueError(f"action must be one of {', '.join(MusicDrums.actions())}, got {action!r}")
