"""Pieces to what the networks read, and what they write back to pieces, one module a kind of step."""

from models.music_vae.configs import Config
from models.music_vae.encodings import drum_steps, groove_steps, melody_steps, multitrack_steps, trio_steps
from models.music_vae.encodings.example import Encoded, Example
from models.music_vae.encodings.lines import Voice
from models.music_vae.score import Refusal, Score
from models.music_vae.weights import Array

__all__ = ["Encoded", "Example", "Refusal", "Score", "decode", "encode"]


def encode(config: Config, score: Score, voice: Voice = "highest") -> Encoded:
    """The phrases of a piece as a configuration's network takes them, and what of it could not be one.

    ``voice`` is what a melody model hears of notes that start together. Raises Refusal, a ValueError, with all the
    reasons if the piece has no such phrase.
    """
    encoding = config.encoding
    match encoding.kind:
        case "melody":
            found = melody_steps.encode(encoding, score, voice)
        case "drums":
            found = drum_steps.encode(encoding, score)
        case "groove":
            found = groove_steps.encode(encoding, score)
        case "trio":
            found = trio_steps.encode(encoding, score)
        case "multiperf":
            found = multitrack_steps.encode(encoding, score)
    if not found.examples:
        reasons = "; ".join(dict.fromkeys(found.refused)) or "it has no notes"
        raise Refusal(f"nothing in the piece can be encoded for {config.name}: {reasons}")
    return found


def decode(config: Config, steps: Array, controls: Array | None = None) -> Score:
    """The piece that steps [time, output depth] are, with the controls [time, control depth] they were made under."""
    if steps.ndim != 2 or steps.shape[1] != config.encoding.output_depth:
        raise ValueError(f"steps must have shape [time, {config.encoding.output_depth}], got {list(steps.shape)}")
    encoding = config.encoding
    match encoding.kind:
        case "melody":
            return melody_steps.decode(encoding, steps, controls)
        case "drums":
            return drum_steps.decode(encoding, steps)
        case "groove":
            return groove_steps.decode(encoding, steps)
        case "trio":
            return trio_steps.decode(encoding, steps)
        case "multiperf":
            return multitrack_steps.decode(encoding, steps, controls)
