"""The fixed way into the latent space, and back as far as it goes."""

import numpy as np
import pytest

from models.latent import space


def smooth(rows: int = 64, columns: int = 64) -> np.ndarray:
    """A colourful picture [1, 3, rows, columns] without detail too fine for colours."""
    y, x = np.mgrid[0 : rows // 2, 0 : columns // 2] / 32
    picture = np.stack([0.5 + 0.3 * np.sin(3 * x), 0.4 + 0.2 * np.cos(4 * y), 0.5 + 0.2 * np.sin(2 * x + y)])
    return picture.repeat(2, 1).repeat(2, 2)[None].astype(np.float32)


def back(latents: np.ndarray) -> np.ndarray:
    """Pictures [N, 3, h, w] by the linear way back."""
    whole = latents + space.grey()[:, None, None]
    blocks = np.einsum("kcuv,nkyx->ncyuxv", space.decoding(), whole)
    n, _, rows, _, columns, _ = blocks.shape
    return blocks.reshape(n, 3, 4 * rows, 4 * columns)


@pytest.mark.parametrize("shape", [(64, 64), (64, 112)])
def test_what_the_latent_can_tell_comes_back(shape):
    picture = smooth(*shape)
    latents = space.encode_small(picture)
    assert latents.shape == (1, space.CHANNELS, shape[0] // 4, shape[1] // 4) and latents.dtype == np.float32
    assert np.allclose(back(latents), picture, atol=1e-4)


def test_brightness_comes_back_to_the_point():
    grey = np.random.default_rng(0).random((1, 1, 64, 64), np.float32).repeat(3, 1)
    assert np.allclose(back(space.encode_small(grey)), grey, atol=1e-4)


def test_middle_grey_is_zero():
    assert np.allclose(space.encode_small(np.full((1, 3, 64, 64), 0.5, np.float32)), 0, atol=1e-5)


@pytest.mark.parametrize("size", [(256, 256), (64, 64), (30, 50), (720, 1280), (101, 37), (1, 1)])
def test_any_picture_is_shrunk(size):
    picture = np.full((*size, 3), 51, np.uint8)
    small = space.shrink(picture, 64, 112)
    assert small.shape == (3, 64, 112) and np.allclose(small, 0.2, atol=1e-5)


def test_shrinking_averages_the_middle():
    picture = np.zeros((256, 512, 3), np.uint8)
    picture[:, 128:384] = np.random.default_rng(1).integers(0, 256, (256, 256, 3))
    middle = picture[:, 128:384].reshape(64, 4, 64, 4, 3).mean((1, 3)).transpose(2, 0, 1) / 255
    assert np.allclose(space.shrink(picture), middle, atol=1e-5)


def test_torch_encodes_the_same():
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'antiphon[torch]'")
    from models.latent.training.coding import decode_plain, encode

    picture = smooth()
    latents = encode(torch.from_numpy(picture))
    assert np.allclose(latents.numpy(), space.encode_small(picture), atol=1e-4)
    assert np.allclose(decode_plain(latents).numpy(), picture, atol=1e-4)
