"""What the GAN is; light, so that the table of addresses can read it."""

from models.contract import Action, FrameModel, Param
from models.pad import CORNER, FramePad


class Gan(FramePad, FrameModel):
    """A small StyleGAN of our own: walks through nebulae and landscapes, or what yours learnt, in layers, in bars."""

    name = "gan"
    implementation = "models.gan.implementation:GanPainter"
    weights = (
        "gan/points.safetensors",
        "gan/mapping.onnx",
        *(f"gan/layer{number}.onnx" for number in range(7)),
        "latent/decoder.onnx",
    )

    folder = Param("", at_load=True, doc="A folder that antiphon train gan wrote; empty: what is shipped.")
    path = Param(
        "points",
        choices=("points", "circle", "saved", "hold"),
        doc="Where the latent goes: from picture to picture as learnt, round a circle, between saved points, nowhere.",
    )
    walk = Param(8.0, low=0.25, high=64.0, unit="bars", doc="How long a walk takes until it begins anew, at speed 1.")
    space = Param("w", choices=("z", "w"), doc="Walk through z, always on the shell, or through w, in straight lines.")
    truncation = Param(1.0, low=0.0, high=2.0, doc="0 is the mean picture, 1 as learnt, beyond it exaggerates.")
    mix_seed = Param(1, low=0, high=2**31 - 1, doc="The picture whose layers are mixed in.")
    mix_from = Param(7, low=0, high=7, doc="From which of the seven layers on it is mixed in; 7 mixes in none.")
    mix = Param(1.0, low=0.0, high=1.0, doc="How far those layers go to the other picture.")
    noise = Param(1.0, low=0.0, high=4.0, doc="How strong the noise of the layers is.")
    noise_layer = Param(-1, low=-1, high=5, doc="The layer for which that holds, the others as learnt; -1 for all.")
    bend = Param(
        "none",
        choices=("none", "scale", "rotate", "threshold", "shift"),
        doc="What is done to a layer's features: made stronger, turned, those near 0 left out, moved sideways.",
    )
    bend_layer = Param(2, low=0, high=5, doc="The layer that is bent: early ones are shapes, late ones their surface.")
    bend_amount = Param(0.5, low=-2.0, high=2.0, doc="How far; 0 leaves them as they are.")
    bend_share = Param(1.0, low=0.0, high=1.0, doc="How many of the layer's features are bent.")
    glow = Param(0.4, low=0.0, high=1.0, doc="How brightly notes light the picture, and the beat all of it.")
    hue = Param(0.0, low=0.0, high=1.0, unit="turn", doc="Turns all colours round the wheel.")
    saturation = Param(1.0, low=0.0, high=2.0, doc="0 is grey, 1 as learnt.")

    save = Action("Keep where the latent is now, as one more point of the path saved.")
    forget = Action("Forget all saved points, and the pad's corners.")
    corner = CORNER
