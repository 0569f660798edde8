"""The melody player: what it hears to the latent space, and back to notes step by step."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from models.contract import Note, Phrase, Value
from models.music_vae import given, own_weights
from models.music_vae.attributes import ATTRIBUTES, Attributes
from models.music_vae.continuation import Continuation
from models.music_vae.declaration import MusicVae
from models.music_vae.hearing import hear
from models.music_vae.melodist import Melodist
from models.music_vae.metre import model_bars
from models.music_vae.prior import Prior
from models.music_vae.threads import use_one_thread
from models.music_vae.uses.answering import answer
from models.music_vae.uses.completing import complete, gaps_in
from models.music_vae.uses.continuing import Predictor, continue_
from models.music_vae.uses.generating import generate
from models.music_vae.uses.interpolating import interpolate
from models.music_vae.uses.mixing import mix
from models.music_vae.uses.morphing import morph
from models.music_vae.uses.style import style

FOLDER = own_weights.FOLDER
WEIGHTS, ATTRIBUTES_FILE, PRIOR_FILE, PREDICTOR_FILE, CHORDS_FILE = (FOLDER / name for name in MusicVae.weights)
MAX_BARS = 1024


class MusicVaePlayer:
    """Plays MusicVAE's two-bar melody model, in segments of two model bars; see :mod:`models.music_vae.uses`."""

    def __init__(
        self, weights: Path | None = None, attributes: Path | None = None, predictor: Predictor | None = None
    ) -> None:
        """Read the embedded weights (or one's own: `own_weights`), or those given, and go through the motions once.

        Raises OSError or ValueError with the reason.
        """
        use_one_thread()
        prior: Path | None = None
        over_chords: Path | None = None
        if weights is None:
            weights = own_weights.find(WEIGHTS.name)
            attributes, prior, continuation = (
                own_weights.beside(weights, file.name) for file in (ATTRIBUTES_FILE, PRIOR_FILE, PREDICTOR_FILE)
            )
            over_chords = own_weights.find(CHORDS_FILE.name)
            if not over_chords.is_file() or over_chords.parent == FOLDER != weights.parent:
                over_chords = None
            predictor = Continuation(continuation) if continuation else None
        self.melodist = Melodist(weights, over_chords)
        self.network = self.melodist.network
        size = self.melodist.z_size
        self._attributes = Attributes.read(attributes, size) if attributes else None
        self._prior = Prior.read(prior, size) if prior else Prior.standard(size)
        self._predictor = predictor
        warm = Phrase((Note(60, 80, 0.0, 1.0), Note(62, 80, 1.0, 1.0)), bars=2)
        for _ in self.answer(warm, 2, {"temperature": 1.0, "variation": 0.5, "seed": 0}):
            pass

    def answer(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        """Yield the answer's notes in order of start, in beats; see :class:`models.contract.NotePlayer`.

        Raises ValueError, before the first note, for a call without notes, bars outside 1..1024 or a parameter out of
        its range.
        """
        if params.get("pad"):
            return self._mix(call, bars, params)
        if given.text(MusicVae.params(), "answer_with", params) == "continuation":
            return self.act("continue", {}, call, bars, params)
        chosen = style(params)
        check_bars(bars)
        return answer(self.melodist, hear(call), model_bars(bars, call.beats_per_bar), chosen)

    def act(
        self, action: str, arguments: Mapping[str, Value], heard: Phrase, bars: int, params: Mapping[str, Value]
    ) -> Iterator[Note]:
        """Do an action of the declaration; see :class:`models.contract.NoteActor`.

        Raises ValueError, before the first note, as :meth:`answer` does, and for what the action cannot be done with.
        """
        declared = MusicVae.actions()[action].arguments
        numbers = {name: given.number(declared, name, arguments) for name, p in declared.items() if p.low is not None}
        chosen = style(params | numbers if action == "vary" else params)
        check_bars(bars)
        room = model_bars(bars, heard.beats_per_bar)
        match action:
            case "generate" if params.get("pad"):
                return self._mix(heard, bars, params)
            case "generate":
                return generate(self.melodist, self._prior, self._predictor, self._attributes, heard, room, chosen)
            case "continue":
                return continue_(self.melodist, self.predictor, self._attributes, hear(heard), room, chosen)
            case "vary":
                return answer(self.melodist, hear(heard), room, chosen)
            case "interpolate":
                return interpolate(self.melodist, hear(heard), room, chosen, corners=bool(arguments.get("corners")))
            case "complete":
                gaps = gaps_in(given.text(declared, "gaps", arguments), heard)
                return complete(self.melodist, hear(heard), heard, gaps, chosen)
            case "morph":
                amounts = {name: numbers[name] for name in ATTRIBUTES}
                return morph(self.melodist, self.attributes, hear(heard), room, chosen, amounts)
        raise ValueError(f"action must be one of {', '.join(MusicVae.actions())}, got {action!r}")

    def _mix(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        """What lies where the pad stands."""
        check_bars(bars)
        return mix(self.melodist, self._prior, call, model_bars(bars, call.beats_per_bar), style(params), params)

    @property
    def predictor(self) -> Predictor:
        """What continues. Raises ValueError where its weights are missing."""
        if self._predictor is None:
            raise ValueError(f"continuing needs the predictor's weights, {PREDICTOR_FILE.name}, which are missing")
        return self._predictor

    @property
    def attributes(self) -> Attributes:
        """What morphs. Raises ValueError where its weights are missing."""
        if self._attributes is None:
            raise ValueError("morphing needs the attributes' weights, which are missing")
        return self._attributes


def check_bars(bars: int) -> None:
    """Raise ValueError for more or fewer bars than can be played."""
    if not 1 <= bars <= MAX_BARS:
        raise ValueError(f"bars must be 1..{MAX_BARS}, got {bars}")
