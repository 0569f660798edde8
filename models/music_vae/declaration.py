"""What the melody model is, and what it shares with others; light, as every declaration."""

from models.contract import Action, NoteModel, Param
from models.pad import NotePad

GENERATE = Action("Plays something out of nothing.", hears=1, shared=True)
CONTINUE = Action("Continues what was heard in the last 32 bars.", hears=32, shared=True)
VARY = Action("Plays what was heard, varied.", {"variation": NoteModel.variation}, shared=True)
INTERPOLATE = Action(
    "Plays the way from the first two of the last 8 bars to the last two, or between all four pairs.",
    {"corners": Param(False, doc="0: between two ends; 1: through the square that four make, row by row.")},
    hears=8,
    shared=True,
)
COMPLETE = Action(
    "Plays what was heard with its gaps filled.",
    {
        "gaps": Param(
            "",
            doc="Bars, or beats of bars, counted from 1, as 3, 3-4 or 2.3-4.1; none: silences of half a bar or more.",
        )
    },
    shared=True,
)


def _far(doc: str) -> Param:
    return Param(0.0, low=-3.0, high=3.0, doc=doc)


MORPH = Action(
    "Plays what was heard, changed in character, in standard deviations of the songs learnt from.",
    {
        "density": _far("Sparser to denser."),
        "register": _far("Lower to higher; of drums, kick to cymbals."),
        "syncopation": _far("On the beat to off it."),
        "contour": _far("Falling to rising; of drums, busier from bar to bar."),
    },
    shared=True,
)


class MusicVae(NotePad, NoteModel):
    """Answers a phrase with a melody from a latent space of two-bar melodies (Roberts et al., ICML 2018).

    Variation 0 gives back what it heard of the call's last bars, 1 goes far from it.
    """

    name = "music_vae"
    default = True
    implementation = "models.music_vae.implementation:MusicVaePlayer"
    weights = (
        "melody_2bar.safetensors",
        "melody_attributes.safetensors",
        "melody_prior.safetensors",
        "melody_continuation.safetensors",
        "melody_chords_2bar.safetensors",
    )

    answer_with = Param(
        "variation",
        choices=("variation", "continuation"),
        doc="What an answer is: what was heard, varied, or what comes after it.",
    )

    generate = GENERATE
    continue_ = CONTINUE
    vary = VARY
    interpolate = INTERPOLATE
    complete = COMPLETE
    morph = MORPH
