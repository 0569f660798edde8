"""What the drum model is; light, as every declaration."""

from models.contract import Action, NoteModel, Param
from models.music_vae.declaration import COMPLETE, CONTINUE, GENERATE, INTERPOLATE, MORPH, VARY


class MusicDrums(NoteModel):
    """Plays drums under a phrase, to its rhythm, and drums by themselves (Roberts et al., ICML 2018).

    General MIDI drums in 16ths, timed and as loud as drummers play them (GrooVAE: Gillick et al., ICML 2019); set
    /music/channel to 10 for most synths.
    """

    name = "music_drums"
    drums = True
    implementation = "models.music_drums.implementation:MusicDrumsPlayer"
    weights = (
        "drums_2bar.safetensors",
        "groove_2bar.safetensors",
        "tap_2bar.safetensors",
        "drums_prior.safetensors",
        "drums_attributes.safetensors",
    )

    answer_with = Param(
        "drums",
        choices=("drums", "variation", "continuation"),
        doc="What an answer is: drums to the rhythm of what was heard, or, where drums were, varied or continued.",
    )

    generate = GENERATE
    continue_ = CONTINUE
    vary = VARY
    interpolate = INTERPOLATE
    complete = COMPLETE
    morph = MORPH
    drumify = Action("Plays drums to the rhythm of what was heard, whatever it was played on.")
    groove = Action(
        "Plays the very drums that were heard, with a drummer's loudness and timing.",
        {"amount": Param(1.0, low=0.0, high=1.0, doc="0 leaves them as they were.")},
    )
