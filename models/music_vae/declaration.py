"""What the melody model is; light, as every declaration."""

from models.contract import NoteModel


class MusicVae(NoteModel):
    """Answers a phrase with a melody from a latent space of two-bar melodies (Roberts et al., ICML 2018).

    Variation 0 gives back what it heard of the call's last bars, 1 goes far from it.
    """

    name = "music_vae"
    default = True
    implementation = "models.music_vae.implementation:MusicVaePlayer"
    weights = ("melody_2bar.safetensors",)
