"""The generators against the papers' formulas, written out here in float64 with scipy, layer by layer."""

import math

import numpy as np
import pytest
from nvidia_files import SMALL_2, SMALL_3, tensors_2, tensors_3

scipy = pytest.importorskip("scipy.signal", reason="pip install 'antiphon[torch]'")
torch = pytest.importorskip("torch", reason="pip install 'antiphon[torch]'")

from models.stylegan.checkpoint import Checkpoint  # noqa: E402
from models.stylegan.config import Config  # noqa: E402
from models.stylegan.generator import Generator  # noqa: E402
from models.stylegan.layers import resample  # noqa: E402
from models.stylegan.stylegan3 import Plan  # noqa: E402


def generator(version, told, tensors):
    return Generator(Checkpoint(Config.of(version, told), tensors)).double()


def wide(tensors):
    return {name: value.astype(np.float64) for name, value in tensors.items()}


def activated(x):
    return np.where(x > 0, x, 0.2 * x) * math.sqrt(2)


def mapped(t, z, c=None, layers=2):
    x = z / np.sqrt(np.mean(z**2) + 1e-8)
    if c is not None:
        y = t["mapping.embed.weight"] @ c / math.sqrt(len(c)) + t["mapping.embed.bias"]
        x = np.concatenate([x, y / np.sqrt(np.mean(y**2) + 1e-8)])
    for i in range(layers):
        x = activated(t[f"mapping.fc{i}.weight"] @ x * 0.01 / math.sqrt(len(x)) + 0.01 * t[f"mapping.fc{i}.bias"])
    return x


def style(t, layer, w):
    return t[f"{layer}affine.weight"] @ w / math.sqrt(len(w)) + t[f"{layer}affine.bias"]


def kernels(weight, scale, demodulate):
    """Equations 1 and 3 of the StyleGAN2 paper."""
    kernel = weight * scale[None, :, None, None]
    if demodulate:
        kernel = kernel / np.sqrt(np.sum(kernel**2, axis=(1, 2, 3), keepdims=True) + 1e-8)
    return kernel


def inserted(x, up):
    """Zeros put between the points."""
    out = np.zeros((len(x), x.shape[1] * up, x.shape[2] * up))
    out[:, ::up, ::up] = x
    return out


def applied(x, kernel, by):
    return np.stack([sum(by(x[i], kernel[o, i], "valid") for i in range(len(x))) for o in range(len(kernel))])


def filtered(x, kernel):
    return np.stack([scipy.convolve2d(plane, kernel, "valid") for plane in x])


def paint_2(t, told, ws, noises=None):
    """Every layer's features, and the picture."""
    features, picture, at, x = [], None, 0, t["synthesis.b4.const"]
    clamp = told["synthesis_kwargs"].get("conv_clamp") or np.inf
    for i in range(2, int(math.log2(told["img_resolution"])) + 1):
        block = f"synthesis.b{2**i}."
        for name in ("conv0", "conv1")[0 if i > 2 else 1 :]:
            layer = f"{block}{name}."
            kernel = kernels(t[f"{layer}weight"], style(t, layer, ws[at]), True)
            if name == "conv0":
                x = np.pad(inserted(x, 2), ((0, 0), (3, 2), (3, 2)))
                x = applied(filtered(x, 4 * t[f"{layer}resample_filter"]), kernel, scipy.convolve2d)
            else:
                x = applied(np.pad(x, ((0, 0), (1, 1), (1, 1))), kernel, scipy.correlate2d)
            if f"{layer}noise_strength" in t:
                x = x + t[f"{layer}noise_strength"] * (t[f"{layer}noise_const"] if noises is None else noises[at])
            x = np.clip(activated(x + t[f"{layer}bias"][:, None, None]), -clamp, clamp)
            features.append(x)
            at += 1
        layer = f"{block}torgb."
        kernel = kernels(t[f"{layer}weight"], style(t, layer, ws[at]) / math.sqrt(len(x)), False)
        colours = np.clip(applied(x, kernel, scipy.correlate2d) + t[f"{layer}bias"][:, None, None], -clamp, clamp)
        if picture is None:
            picture = colours
        else:
            larger = np.pad(inserted(picture, 2), ((0, 0), (2, 1), (2, 1)))
            picture = colours + filtered(larger, 4 * t[f"{block}resample_filter"])
    return features, picture


def painted(network, ws, **more):
    features = []

    def bend(layer, x):
        assert layer == len(features)
        features.append(x[0].numpy())
        return x

    picture = network.synthesis(torch.tensor(ws)[None], bend=bend, **more)
    return features, picture[0].numpy()


def assert_same(found, wanted):
    assert len(found[0]) == len(wanted[0])
    for layer, (mine, theirs) in enumerate(zip(found[0], wanted[0], strict=True)):
        assert mine.shape == theirs.shape, layer
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-10, err_msg=f"layer {layer}")
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("classes", [0, 3])
def test_the_mapping(classes):
    told = SMALL_2 | {"c_dim": classes}
    tensors = tensors_2(told)
    network, rng = generator(2, told, tensors), np.random.default_rng(3)
    z, c = rng.standard_normal(6), np.eye(3)[1] if classes else None
    found = network.mapping(torch.tensor(z)[None], None if c is None else torch.tensor(c)[None])
    wanted = mapped(wide(tensors), z, c)
    np.testing.assert_allclose(found[0].numpy(), wanted, rtol=1e-10)
    mean = wide(tensors)["mapping.w_avg"]
    np.testing.assert_allclose(network.truncated(found, 0.3)[0].numpy(), mean + 0.3 * (wanted - mean), rtol=1e-10)


@pytest.mark.parametrize("noise", [True, False])
@pytest.mark.parametrize("clamp", [256, 0.7, None])
def test_stylegan2_layer_by_layer(noise, clamp):
    told = SMALL_2 | {"synthesis_kwargs": SMALL_2["synthesis_kwargs"] | {"conv_clamp": clamp}}
    tensors = tensors_2(told, noise)
    for name in tensors:
        if name.endswith("resample_filter"):  # one that is not symmetric, so that its direction shows
            tensors[name] = tensors[name] + np.arange(16, dtype=np.float32).reshape(4, 4) / 100
    ws = np.random.default_rng(4).standard_normal((6, 7))
    assert_same(painted(generator(2, told, tensors), ws), paint_2(wide(tensors), told, ws))


def test_stylegan2_with_other_noise():
    tensors = tensors_2(SMALL_2)
    network, rng = generator(2, SMALL_2, tensors), np.random.default_rng(4)
    assert [len(noise) for noise in network.synthesis.noises] == [4, 8, 8, 16, 16]
    ws = rng.standard_normal((6, 7))
    noises = [rng.standard_normal(noise.shape) for noise in network.synthesis.noises]
    found = painted(network, ws, noises=[torch.tensor(noise) for noise in noises])
    assert_same(found, paint_2(wide(tensors), SMALL_2, ws, noises))


def paint_3(t, told, plan, ws, transform):
    kwargs = told["synthesis_kwargs"]
    base, size, rate, band = "synthesis.input.", plan["sizes"][0], plan["rates"][0], plan["cuts"][0]
    cosine, sine, right, below = style(t, base, ws[0])
    length = math.hypot(cosine, sine)
    cosine, sine, right, below = cosine / length, sine / length, right / length, below / length
    whole = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    whole = whole @ np.array([[1, 0, -right], [0, 1, -below], [0, 0, 1]]) @ transform
    x = np.zeros((plan["counts"][0], size, size))
    for i, (freq, phase) in enumerate(zip(t[f"{base}freqs"], t[f"{base}phases"], strict=True)):
        there = freq @ whole[:2, :2]
        amplitude = np.clip(1 - (np.hypot(*there) - band) / (rate / 2 - band), 0, 1)
        for row in range(size):
            for column in range(size):
                point = np.array([column + 0.5 - size / 2, row + 0.5 - size / 2]) / rate
                x[i, row, column] = amplitude * math.sin(2 * math.pi * (there @ point + phase + freq @ whole[:2, 2]))
    x = np.einsum("oi,iyx->oyx", t[f"{base}weight"] / math.sqrt(len(x)), x)
    features = []
    for i, layer in enumerate(plan["names"]):
        before, last = max(i - 1, 0), i == kwargs["num_layers"]
        weight, scale = t[f"{layer}weight"], style(t, layer, ws[i + 1])
        k = weight.shape[2]
        if last:
            scale = scale / math.sqrt(weight[0].size)
        else:
            weight = weight / np.sqrt(np.mean(weight**2, axis=(1, 2, 3), keepdims=True))
            scale = scale / np.sqrt(np.mean(scale**2))
        kernel = kernels(weight, scale, not last) / math.sqrt(t[f"{layer}magnitude_ema"])
        x = applied(np.pad(x, ((0, 0), (k - 1, k - 1), (k - 1, k - 1))), kernel, scipy.correlate2d)
        x = x + t[f"{layer}bias"][:, None, None]
        rate = max(plan["rates"][before], plan["rates"][i]) * (1 if last else 2)
        up, down = rate // plan["rates"][before], rate // plan["rates"][i]
        lines = [t.get(f"{layer}{side}_filter", np.ones(1)) for side in ("up", "down")]
        first, second = (line if line.ndim == 2 else np.outer(line, line) for line in lines)
        total = (plan["sizes"][i] - 1) * down + 1 + len(first) + len(second) - 2
        total -= (plan["sizes"][before] + k - 1) * up
        low = (total + up) // 2
        x = inserted(x, up)
        for axis in (1, 2):  # padded, or cropped
            x = np.moveaxis(x, axis, 1)
            x = np.pad(x, ((0, 0), (max(low, 0), max(total - low, 0)), (0, 0)))
            x = x[:, max(-low, 0) : x.shape[1] - max(low - total, 0)]
            x = np.moveaxis(x, 1, axis)
        x = filtered(x, up**2 * first)
        x = np.clip(x if last else activated(x), -256, 256)
        x = filtered(x, second)[:, ::down, ::down]
        features.append(x)
    return features[:-1], x * 0.25


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("kind", ["t", "r"])
def test_stylegan3_layer_by_layer(kind, moved):
    more = {"conv_kernel": 1, "use_radial_filters": True} if kind == "r" else {}
    told = SMALL_3 | {"synthesis_kwargs": SMALL_3["synthesis_kwargs"] | more}
    tensors, plan = tensors_3(told)
    network, ws = generator(3, told, tensors), np.random.default_rng(4).standard_normal((7, 7))
    transform = np.array([[0.8, -0.6, 0.1], [0.6, 0.8, -0.3], [0, 0, 1]]) if moved else np.eye(3)
    found = painted(network, ws, transform=torch.tensor(transform) if moved else None)
    assert_same(found, paint_3(wide(tensors), told, plan, ws, transform))


@pytest.mark.parametrize("taps", [(5,), (4, 4)])
@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2), (4, 1), (3, 2)])
@pytest.mark.parametrize("padding", [(5, 6, 4, 7), (-1, 2, 9, -2)])
def test_resampling(taps, up, down, padding):
    rng = np.random.default_rng(6)
    x, kernel = rng.standard_normal((2, 6, 5)), rng.standard_normal(taps)
    found = resample(torch.tensor(x)[None], torch.tensor(kernel), up, down, padding, gain=1.7)[0].numpy()
    left, right, top, bottom = padding
    wide = np.pad(inserted(x, up), ((0, 0), (max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0))))
    wide = wide[:, max(-top, 0) : wide.shape[1] - max(-bottom, 0), max(-left, 0) : wide.shape[2] - max(-right, 0)]
    wanted = filtered(wide, 1.7 * (kernel if kernel.ndim == 2 else np.outer(kernel, kernel)))[:, ::down, ::down]
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


def test_the_transform_moves_right_down_and_turns_clockwise():
    """On the waves, which can be moved exactly: by one sample, and by a quarter turn."""
    from models.stylegan.implementation import placed

    tensors, plan = tensors_3(SMALL_3)
    tensors["synthesis.input.affine.weight"][:] = 0
    tensors["synthesis.input.affine.bias"][:] = (1, 0, 0, 0)
    waves, w = generator(3, SMALL_3, tensors).synthesis.input, torch.zeros(1, 7, dtype=torch.float64)
    still, step = waves(w).numpy()[0], 1 / plan["rates"][0]
    right, down, turned = (
        waves(w, placed(*at).double()).numpy()[0] for at in ((0, step, 0), (0, 0, step), (0.25, 0, 0))
    )
    np.testing.assert_allclose(right[:, :, 1:], still[:, :, :-1], atol=1e-6)
    np.testing.assert_allclose(down[:, 1:], still[:, :-1], atol=1e-6)
    np.testing.assert_allclose(turned, np.rot90(still, -1, (1, 2)), atol=1e-6)


@pytest.mark.parametrize(
    "changed",
    [{"first_stopband": 0.1}, {"last_stopband_rel": 0.5, "first_stopband": 200.0}, {"channel_base": 1}],
    ids=str,
)
def test_a_stylegan3_that_cannot_be_is_refused(changed):
    told = SMALL_3 | {"synthesis_kwargs": SMALL_3["synthesis_kwargs"] | changed}
    with pytest.raises(ValueError, match=r"rates must grow|must be .*, got"):
        generator(3, told, tensors_3(SMALL_3)[0])


@pytest.mark.parametrize("change", ["missing", "more", "shape"])
def test_tensors_that_do_not_fit_are_refused(change):
    tensors = tensors_2(SMALL_2)
    if change == "missing":
        del tensors["synthesis.b8.conv0.weight"]
    elif change == "more":
        tensors["synthesis.b32.conv0.weight"] = np.zeros(3, np.float32)
    else:
        tensors["mapping.w_avg"] = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match=r"must be .*, got .*: another kind of generator"):
        generator(2, SMALL_2, tensors)


@pytest.mark.parametrize("version", [2, 3])
def test_half_precision_is_near(version):
    """What a GPU computes with, here on the CPU."""
    told = SMALL_2 if version == 2 else SMALL_3
    tensors = tensors_2(told) if version == 2 else tensors_3(told)[0]
    network, layers = generator(version, told, tensors).float(), 6 if version == 2 else 7
    ws = torch.randn(1, layers, 7, generator=torch.Generator().manual_seed(2))
    exact = network.synthesis(ws)
    network.synthesis.quick = True
    kinds = set()
    quick = network.synthesis(ws, bend=lambda _, x: (kinds.add(x.dtype), x)[1])
    assert torch.float16 in kinds
    assert quick.dtype == torch.float32
    assert float((quick - exact).abs().max()) < 0.02 * float(exact.abs().max())


@pytest.mark.parametrize(
    ("size", "base", "most", "names"),
    [
        (1024, 32768, 512, "36_512 36_512 52_512 52_512 84_512 148_512 148_512 276_323 276_203 532_128 1044_81 1044_51"
         " 1044_32 1024_32 1024_3"),
        (256, 32768, 1024, "36_1024 36_1024 36_1024 52_1024 52_1024 84_1024 84_1024 148_724 148_512 148_362 276_256"
         " 276_181 276_128 256_128 256_3"),
    ],
    ids=["T-1024", "R-256"],
)  # fmt: skip
def test_the_layers_of_published_networks_are_planned(size, base, most, names):
    """Their names, which hold their sizes, are known from what people write about NVIDIA's files."""
    plan = Plan(Config(3, img_resolution=size, channel_base=base, channel_max=most))
    assert [f"{a}_{b}" for a, b in zip(plan.sizes, plan.features, strict=True)] == names.split()
