"""What a StyleGAN of one's own is; light, so that the table of addresses can read it."""

from models.contract import Action, FrameModel, Param
from models.pad import CORNER, FramePad


class Stylegan(FramePad, FrameModel):
    """A StyleGAN2-ADA or StyleGAN3 of your own: NVIDIA's .pkl files, of which nothing is run, walked through in bars.

    The layers are counted from 0, coarse to fine: 8 at 32×32 pixels, 14 at 256×256, 18 at 1024×1024; StyleGAN3 has 16.
    """

    name = "stylegan"
    implementation = "models.stylegan.implementation:StyleganPainter"
    extra = "torch"

    checkpoint = Param("", at_load=True, doc="A .pkl of StyleGAN2-ADA or StyleGAN3, or a .safetensors made from one.")
    path = Param(
        "points",
        choices=("points", "circle", "saved", "hold"),
        doc="Where the latent goes: round eight pictures of the seed, round a circle, between saved points, nowhere.",
    )
    walk = Param(8.0, low=0.25, high=64.0, unit="bars", doc="How long a walk takes until it begins anew, at speed 1.")
    space = Param("w", choices=("z", "w"), doc="Walk through z, always on the shell, or through w, in straight lines.")
    truncation = Param(0.7, low=0.0, high=2.0, doc="0 is the mean picture, 1 as learnt, beyond it exaggerates.")
    label = Param(0, low=0, high=4095, doc="The class that is painted, where the network was taught classes.")
    mix_seed = Param(1, low=0, high=2**31 - 1, doc="The picture whose layers are mixed in.")
    mix_from = Param(32, low=0, high=32, doc="From which layer on it is mixed in; beyond the last mixes in none.")
    mix = Param(1.0, low=0.0, high=1.0, doc="How far those layers go to the other picture.")
    noise = Param(1.0, low=0.0, high=4.0, doc="How strong the noise of the layers is; StyleGAN3 has none.")
    noise_kind = Param(
        "held",
        choices=("held", "walk", "fresh", "off"),
        doc="Noise as stored, round a circle, new for each frame, none.",
    )
    noise_layer = Param(-1, low=-1, high=31, doc="The layer for which those two hold; -1 for all.")
    bend = Param(
        "none",
        choices=("none", "scale", "rotate", "threshold", "shift"),
        doc="What is done to a layer's features: made stronger, turned, those near 0 left out, moved sideways.",
    )
    bend_layer = Param(4, low=0, high=31, doc="The layer that is bent.")
    bend_amount = Param(0.5, low=-2.0, high=2.0, doc="How far; 0 leaves them as they are.")
    bend_share = Param(1.0, low=0.0, high=1.0, doc="How many of the layer's features are bent.")
    turn = Param(0.0, low=-1.0, high=1.0, unit="turn", doc="Turns the picture, clockwise; StyleGAN3 alone.")
    shift_x = Param(0.0, low=-1.0, high=1.0, doc="Moves the picture to the right, in widths; StyleGAN3 alone.")
    shift_y = Param(0.0, low=-1.0, high=1.0, doc="Moves the picture down, in heights; StyleGAN3 alone.")
    glow = Param(0.2, low=0.0, high=1.0, doc="How brightly notes light the picture, and the beat all of it.")
    hue = Param(0.0, low=0.0, high=1.0, unit="turn", doc="Turns all colours round the wheel.")
    saturation = Param(1.0, low=0.0, high=2.0, doc="0 is grey, 1 as learnt.")

    save = Action("Keep where the latent is now, as one more point of the path saved.")
    forget = Action("Forget all saved points, and the pad's corners.")
    corner = CORNER
