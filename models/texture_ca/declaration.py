"""What the texture automata are; light, so that the table of addresses can read it."""

from models.contract import Action, FrameModel, Param

TEXTURES = ("embers", "coral", "cells", "ink", "scales", "weave")
"""Those shipped under models/weights/texture_ca, see its model card."""

_PLACE = {
    "x": Param(0.5, low=0.0, high=1.0, doc="From the left, 0, to the right, 1."),
    "y": Param(0.5, low=0.0, high=1.0, doc="From the top, 0, to the bottom, 1."),
    "radius": Param(0.15, low=0.01, high=1.0, doc="Of the shorter side."),
}


class TextureCa(FrameModel):
    """A living texture: a neural cellular automaton that notes tear, stir and recolour, and that heals itself."""

    name = "texture_ca"
    default = True
    implementation = "models.texture_ca.implementation:TextureCaPainter"
    weights = (
        "texture_ca/step.onnx",
        "texture_ca/blend.onnx",
        "texture_ca/paint.onnx",
        *(f"texture_ca/{texture}.safetensors" for texture in TEXTURES),
    )

    texture = Param(TEXTURES[0], choices=TEXTURES, doc="Which texture grows.")
    second_texture = Param(TEXTURES[-1], choices=TEXTURES, doc="Which texture takes its place where blend says.")
    blend = Param(0.0, low=0.0, high=1.0, doc="How much of the picture the second texture holds, in patches.")
    zoom = Param(1.5, low=1.0, high=4.0, doc="How large the texture is: pixels of the frame for each of its cells.")
    drift = Param(0.4, low=0.0, high=1.0, doc="How strongly slow currents carry the texture along.")
    pulse = Param(0.3, low=0.0, high=1.0, doc="How strongly the light follows the beat.")
    brightness = Param(1.0, low=0.0, high=2.0, doc="1 is as learnt.")
    hue = Param(0.0, low=0.0, high=1.0, unit="turn", doc="Turns all colours round the wheel.")
    saturation = Param(1.0, low=0.0, high=2.0, doc="0 is grey, 1 as learnt.")

    paint = Action(
        "Has the second texture grow at a place; it stays until it is erased.",
        {**_PLACE, "amount": Param(1.0, low=0.0, high=1.0, doc="How much of it.")},
    )
    erase = Action("Clears a place of what was painted, and of its cells, which grow back.", _PLACE)
    stir = Action(
        "Stirs the cells at a place for a moment.",
        {**_PLACE, "turn": Param(1.0, low=-1.0, high=1.0, doc="How fast; clockwise above 0, the other way below.")},
    )
