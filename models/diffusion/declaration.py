"""What streaming diffusion is; light, so that the table of addresses can read it."""

from models.contract import FrameModel, Input, Param


class Diffusion(FrameModel):
    """Paints what a prompt says, a frame for each call of the network: Stable Diffusion's fast descendants, streamed.

    Needs a checkpoint of your own (SD-Turbo, SDXL-Turbo, LCM, or SD 1.5 and 2.1 with LCM weights) and better a GPU.
    """

    name = "diffusion"
    implementation = "models.diffusion.implementation:DiffusionPainter"
    extra = "diffusion"

    checkpoint = Param(
        "",
        at_load=True,
        doc="A diffusers folder, a single .safetensors file, or a Hugging Face name that was downloaded before.",
    )
    family = Param(
        "auto",
        at_load=True,
        choices=("auto", "sd", "lcm", "sd2", "sd-turbo", "sdxl", "sdxl-turbo"),
        doc="What a single file is; auto takes SD 2 and SDXL for their Turbo editions.",
    )
    loras = Param(
        "", at_load=True, doc="LoRA files that are added, such as LCM's: FILE or FILE:WEIGHT, commas between them."
    )
    autoencoder = Param("", at_load=True, doc="A folder with a tiny autoencoder, to decode with in place of its own.")

    image = Input("A picture from which each frame starts (image-to-image).")

    prompt = Param("gold and blue ink swirling in dark water", doc="What is painted.")
    second_prompt = Param("", doc="What is painted in its place where blend says.")
    blend = Param(0.0, low=0.0, high=1.0, doc="From the prompt, 0, to the second prompt, 1.")
    blending = Param("slerp", choices=("slerp", "lerp"), doc="Prompts blend along the arc (slerp) or the line (lerp).")
    morph = Param(4.0, low=0.0, high=64.0, unit="beats", doc="How long a new prompt or seed takes to come.")
    negative_prompt = Param("", doc="What is kept away, with full and one-time guidance.")
    guidance = Param(1.0, low=0.0, high=20.0, doc="How strictly the prompt is followed; 1 leaves it to the network.")
    guidance_mode = Param(
        "self",
        choices=("none", "self", "one-time", "full"),
        doc="What guidance costs: nothing, nothing (residual), a row at the first step, twice the rows.",
    )
    steps = Param(
        2, low=1, high=8, costs=True, doc="Denoising steps in flight; a frame comes as many calls after it began."
    )
    noise = Param(
        "held",
        choices=("held", "fresh", "off"),
        doc="Noise between the steps: held, drawn anew for each frame, or none.",
    )
    walk = Param(16.0, low=1.0, high=256.0, unit="beats", doc="How long the noise takes round its circle, at speed 1.")
    strength = Param(0.5, low=0.05, high=1.0, doc="How far a picture is taken back into the noise; 1 forgets it.")
    similarity = Param(1.0, low=0.0, high=1.0, doc="From which likeness on input pictures are left out; 1 takes all.")
