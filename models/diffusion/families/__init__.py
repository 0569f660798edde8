"""The families of checkpoints: what a single file holds is shaped by one of these, as diffusers' own folders are.

The numbers in the JSON files are those of the published architectures, held to their published sizes in the tests.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
UNET = "model.diffusion_model."
ASKED = f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
"""Its width is that of the text embedding; SDXL has none there."""
LABELS = f"{UNET}label_emb.0.0.weight"
"""Where SDXL takes its added conditions."""
GUIDED = f"{UNET}time_embed.cond_proj.weight"
"""Where LCM takes the guidance scale."""


FAMILIES = ("sd", "lcm", "sd2", "sd-turbo", "sdxl", "sdxl-turbo")


def folder_of(shapes: dict[str, list[int]]) -> Path:
    """The configurations of a file in the original layout, by the shapes of its weights.

    SD 2 and SDXL are taken for their Turbo editions, which nothing in a file tells from the others. Raises ValueError
    for a file of another kind.
    """
    if LABELS in shapes:
        return FOLDER / "sdxl-turbo"
    width = shapes[ASKED][1] if ASKED in shapes else 0
    if width == 1024:
        return FOLDER / "sd-turbo"
    if width == 768:
        return FOLDER / ("lcm" if GUIDED in shapes else "sd")
    raise ValueError("it must hold SD 1.5, 2 or SDXL in the original layout, or lie beside a model_index.json")
