"""StyleGAN files in NVIDIA's pickle format, made when they are needed, with a fake of the modules that they name."""

import contextlib
import math
import pickle
import sys
import types
from collections import OrderedDict

import numpy as np

SMALL_2 = {
    "z_dim": 6, "c_dim": 0, "w_dim": 7, "img_resolution": 16, "img_channels": 3,
    "mapping_kwargs": {"num_layers": 2}, "synthesis_kwargs": {"channel_base": 64, "channel_max": 6, "conv_clamp": 256},
}  # fmt: skip
SMALL_3 = {
    "z_dim": 6, "c_dim": 0, "w_dim": 7, "img_resolution": 16, "img_channels": 3, "mapping_kwargs": {"num_layers": 2},
    "synthesis_kwargs": {"channel_base": 64, "channel_max": 6, "num_layers": 5, "margin_size": 3},
}  # fmt: skip
FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def tensors_2(told, noise=True, seed=1):
    """Random tensors of a StyleGAN2 by NVIDIA's names."""
    rng, synthesis = np.random.default_rng(seed), told["synthesis_kwargs"]
    made = _mapping(rng, told, 2)
    before = 0
    for i in range(2, int(math.log2(told["img_resolution"])) + 1):
        size = 2**i
        count = min(synthesis["channel_base"] // size, synthesis["channel_max"])
        block = f"synthesis.b{size}."
        made[f"{block}resample_filter"] = FILTER
        if not before:
            made[f"{block}const"] = rng.standard_normal((count, 4, 4))
        for name, inside in (("conv0", before), ("conv1", count))[0 if before else 1 :]:
            layer = f"{block}{name}."
            _styled(made, rng, layer, told["w_dim"], inside, count, 3)
            made[f"{layer}resample_filter"] = FILTER
            if noise:
                made[f"{layer}noise_const"] = rng.standard_normal((size, size))
                made[f"{layer}noise_strength"] = rng.standard_normal(())
        _styled(made, rng, f"{block}torgb.", told["w_dim"], count, told["img_channels"], 1)
        before = count
    return {name: np.asarray(value, np.float32) for name, value in made.items()}


def tensors_3(told, seed=1):
    """Random tensors of a StyleGAN3, with low-pass filters, and those of its plan written out."""
    from scipy.signal import firwin

    rng, given = np.random.default_rng(seed), told["synthesis_kwargs"]
    made = _mapping(rng, told, 2)
    size, layers, margin = told["img_resolution"], given["num_layers"], given["margin_size"]
    kernel, radial = given.get("conv_kernel", 3), given.get("use_radial_filters", False)
    cuts, stops = [], []
    for i in range(layers + 1):
        share = min(i / (layers - 2), 1)
        cuts.append(2 * (size / 2 / 2) ** share)
        stops.append(2**2.1 * (size / 2 * 2**0.3 / 2**2.1) ** share)
    rates = [2 ** math.ceil(math.log2(min(2 * stop, size))) for stop in stops]
    sizes = [rate + 2 * margin for rate in rates[:-2]] + [size, size]
    counts = [round(min(given["channel_base"] / 2 / cut, given["channel_max"])) for cut in cuts]
    counts[-1] = told["img_channels"]
    base = "synthesis.input."
    made[f"{base}affine.weight"] = 0.3 * rng.standard_normal((4, told["w_dim"]))
    made[f"{base}affine.bias"] = np.array([1, 0.3, 0.1, -0.2])
    made[f"{base}weight"] = rng.standard_normal((counts[0], counts[0]))
    made[f"{base}freqs"] = rng.standard_normal((counts[0], 2))
    made[f"{base}phases"] = rng.random(counts[0]) - 0.5
    made[f"{base}transform"] = np.eye(3)
    plan = {"rates": rates, "sizes": sizes, "counts": counts, "cuts": cuts, "names": []}
    for i in range(layers + 1):
        before, last = max(i - 1, 0), i == layers
        name = f"synthesis.L{i}_{sizes[i]}_{counts[i]}."
        plan["names"].append(name)
        _styled(made, rng, name, told["w_dim"], counts[before], counts[i], 1 if last else kernel)
        made[f"{name}magnitude_ema"] = 0.5 + rng.random(())
        rate = max(rates[before], rates[i]) * (1 if last else 2)
        up, down = rate // rates[before], rate // rates[i]
        halves = [max(stop, r / 2) - cut for stop, r, cut in zip(stops, rates, cuts, strict=True)]
        if up > 1 and not last:
            made[f"{name}up_filter"] = firwin(6 * up, cuts[before], width=2 * halves[before], fs=rate)
        if down > 1 and not last:
            line = firwin(6 * down, cuts[i], width=2 * halves[i], fs=rate)
            line = line + 0.01 * np.arange(len(line))  # not symmetric, so that its direction shows
            made[f"{name}down_filter"] = np.outer(line, line[::-1]) if radial and i < layers - 2 else line
    return {name: np.asarray(value, np.float32) for name, value in made.items()}, plan


def _mapping(rng, told, layers):
    made = {}
    c, w = told["c_dim"], told["w_dim"]
    if c:
        made |= {"mapping.embed.weight": rng.standard_normal((w, c)), "mapping.embed.bias": rng.standard_normal(w)}
    widths = [told["z_dim"] + (w if c else 0)] + [w] * layers
    for i in range(layers):
        made[f"mapping.fc{i}.weight"] = 100 * rng.standard_normal((w, widths[i]))
        made[f"mapping.fc{i}.bias"] = 10 * rng.standard_normal(w)
    made["mapping.w_avg"] = rng.standard_normal(w)
    return made


def _styled(made, rng, layer, w, inside, outside, kernel):
    made[f"{layer}affine.weight"] = rng.standard_normal((inside, w))
    made[f"{layer}affine.bias"] = 1 + 0.1 * rng.standard_normal(inside)
    made[f"{layer}weight"] = rng.standard_normal((outside, inside, kernel, kernel))
    made[f"{layer}bias"] = rng.standard_normal(outside)


class Part:
    """A network's part as ``persistence`` reduces it, source code and all."""

    def __init__(self, class_name, state):
        self.class_name, self.state = class_name, state

    def __reduce__(self):
        meta = {
            "type": "class", "version": 6, "module_src": "import os\nos.system('touch it_ran')",
            "class_name": self.class_name, "state": self.state,
        }  # fmt: skip
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta,), None


@contextlib.contextmanager
def nvidia_modules():
    """What the files name can be found by pickle, which writes them."""

    def _reconstruct_persistent_obj(meta):
        raise AssertionError("it was called")

    _reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    modules = {
        name: types.ModuleType(name) for name in ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util")
    }
    modules["torch_utils.persistence"]._reconstruct_persistent_obj = _reconstruct_persistent_obj
    easy = type("EasyDict", (dict,), {"__module__": "dnnlib.util"})
    modules["dnnlib.util"].EasyDict = easy
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield easy
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def snapshot(path, tensors, told, protocol=4, half=(), **more):
    """Write a file as NVIDIA's training does: G, D, G_ema and what else."""
    import torch

    with nvidia_modules() as easy:
        root = {}
        for name, value in tensors.items():
            *parts, last = name.split(".")
            node = root
            for part in parts:
                node = node.setdefault(part, {})
            node[last] = torch.tensor(value).half() if name in half else torch.tensor(value)
        clamp = told["synthesis_kwargs"].get("conv_clamp", 256)
        generator = _part(root, "Generator", clamp)
        generator.state["_init_args"] = ()
        generator.state["_init_kwargs"] = easy(
            {name: easy(value) if isinstance(value, dict) else value for name, value in told.items()}
        )
        held = {"training_set_kwargs": easy(class_name="training.dataset.ImageFolderDataset"), "G": generator}
        held |= {"D": _part({"b4": {"weight": torch.ones(2, 2)}}, "Discriminator", None), "G_ema": generator}
        held |= {"augment_pipe": None, **more}
        path.write_bytes(pickle.dumps(held, protocol))
    return path


def _part(node, class_name, clamp):
    import torch

    state = dict(torch.nn.Module().__dict__) | {
        "training": False, "_backward_hooks": OrderedDict(), "_non_persistent_buffers_set": set(),
        "weight_gain": np.float64(0.5), "size": np.array([4, 4]), "_buffers": OrderedDict(),
        "_parameters": OrderedDict(), "_modules": OrderedDict(up_filter_not_there=None),
    }  # fmt: skip
    if "affine" in node:
        state["conv_clamp"] = clamp
    for name, value in node.items():
        if isinstance(value, dict):
            state["_modules"][name] = _part(value, "Part", clamp)
        elif name in ("weight", "bias", "const", "noise_strength"):
            state["_parameters"][name] = torch.nn.Parameter(value)
        else:
            state["_buffers"][name] = value
    return Part(class_name, state)
