"""What our own text-to-image model is; light, so that the table of addresses can read it."""

from models.contract import FrameModel, Input, Param
from models.pad import FramePad


class TextToImage(FramePad, FrameModel):
    """Paints what a prompt says in one or two steps, on a laptop's processor: emoji, land, nebulae, and mixtures."""

    name = "text_to_image"
    implementation = "models.text_to_image.implementation:TextToImagePainter"
    weights = (
        "latent/decoder.onnx",
        "text_to_image/recall.onnx",
        "text_to_image/layers.onnx",
        "text_to_image/paint.onnx",
        "text_to_image/words.safetensors",
    )

    image = Input("A picture that takes the place of what is behind, as far as strength is below 1.")

    prompt = Param("octopus in a red nebula", doc="A subject, and after in, on, at … where it is. Any words will do.")
    second_prompt = Param("butterfly in a blue nebula", doc="What is painted in its place where blend says.")
    third_prompt = Param("fox in a snowy forest", doc="What the pad's third corner paints.")
    fourth_prompt = Param("rose on a beach at night", doc="What the pad's fourth corner paints.")
    blend = Param(0.0, low=0.0, high=1.0, doc="From the prompt, 0, to the second prompt, 1.")
    morph = Param(2.0, low=0.0, high=64.0, unit="beats", doc="How long a new prompt or seed takes to come.")
    steps = Param(1, low=1, high=2, costs=True, doc="Steps from noise to the picture.")
    walk = Param(16.0, low=1.0, high=256.0, unit="beats", doc="How long the style takes round its circle, at speed 1.")
    strength = Param(0.5, low=0.05, high=1.0, doc="How much of a picture that comes in is painted over; 1 forgets it.")
    size = Param(1.0, low=0.2, high=3.0, doc="How large the subject is.")
    dance = Param(0.5, low=0.0, high=1.0, doc="How far the subject hops and leans with the beat and the notes.")
    glow = Param(0.5, low=0.0, high=1.0, doc="How brightly notes light the picture, and the beat all of it.")
    hue = Param(0.0, low=0.0, high=1.0, unit="turn", doc="Turns all colours round the wheel.")
    saturation = Param(1.0, low=0.0, high=2.0, doc="0 is grey, 1 as learnt.")
