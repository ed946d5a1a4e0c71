"""JPEG in torch against Pillow's."""

import io

import numpy as np
import pytest
import torch
from gancore_esrgan.degradation import JPEG
from gancore_esrgan.degradation.canvas import Canvas, whole
from gancore_esrgan.degradation.color import from_luma_chroma, luma, to_luma_chroma
from gancore_esrgan.degradation.jpeg import compressed
from gancore_esrgan.degradation.jpeg_blocks import coded
from gancore_esrgan.degradation.jpeg_tables import CHROMA, LUMA, table
from gancore_esrgan.degradation.rounding import NEXT
from PIL import Image
from scipy import fft


def smooth(channels, height, width, seed=0):
    """Levels of an image with structure at several scales."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [
        np.sin(x * rng.uniform(0.05, 0.9) + y * rng.uniform(0.05, 0.9) + rng.uniform(0, 6)) for _ in range(6)
    ]
    image = np.stack([sum(w * rng.uniform(-1, 1) for w in waves) for _ in range(channels)])
    return np.clip(128 + 60 * image, 0, 255).round().astype(np.uint8)


def by_pillow(level, quality, subsampled):
    """`(C, H, W)` bytes after Pillow's codec."""
    picture = Image.fromarray(level[0] if len(level) == 1 else level.transpose(1, 2, 0))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=2 if subsampled else 0)
    made = np.asarray(Image.open(file)).astype(np.float64)
    return made[None] if made.ndim == 2 else made.transpose(2, 0, 1)


def by_torch(level, quality, subsampled):
    image = torch.from_numpy(level)[None].double() / 127.5 - 1
    made = compressed(whole(image), torch.tensor([float(quality)]).double(), subsampled).image
    return ((made[0] + 1) * 127.5).numpy()


@pytest.mark.parametrize("quality", [30, 50, 75, 95])
@pytest.mark.parametrize("channels, subsampled", [(1, True), (3, False), (3, True)])
@pytest.mark.parametrize("size", [(48, 64), (37, 29)])
def test_compression_is_that_of_pillow(channels, subsampled, size, quality):
    """But for coefficients half-way between two steps, as its whole numbers often are: then a block differs
    by one step. Four of five pixels agree to one level, and what differs is a third of what is lost, at most.
    """
    level = smooth(channels, *size)
    made, expected = by_torch(level, quality, subsampled), by_pillow(level, quality, subsampled)
    off, lost = np.abs(made - expected), np.abs(level - expected)
    assert (off < 1.5).mean() > 0.8
    assert off.mean() < 0.35 * lost.mean()


@pytest.mark.parametrize("quality", [1, 10, 30, 49, 50, 51, 75, 95, 100])
def test_tables_are_those_in_pillows_files(quality):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    found = Image.open(file).quantization
    for number, steps in enumerate((LUMA, CHROMA)):
        made = table(steps, torch.tensor([float(quality)]))[0]
        assert made.flatten().long().tolist() == list(found[number])


def test_blocks_are_coded_by_the_cosine_transform():
    channel = torch.randn(2, 3, 16, 24, dtype=torch.float64) * 40
    steps = torch.randint(1, 40, (2, 8, 8)).double()
    made = coded(channel, steps)
    block, step = channel[1, 2, 8:16, 16:24].numpy(), steps[1].numpy()
    frequency = fft.dctn(block, norm="ortho") / step
    frequency = np.round(frequency + NEXT * np.sign(frequency)) * step  # halves, or nearly, from zero
    np.testing.assert_allclose(made[1, 2, 8:16, 16:24], fft.idctn(frequency, norm="ortho"), atol=1e-9)


def test_fine_steps_change_nothing():
    channel = torch.randn(1, 1, 8, 8, dtype=torch.float64) * 40
    torch.testing.assert_close(coded(channel, torch.full((1, 8, 8), 1e-9).double()), channel)


def test_luma_and_chroma_are_those_of_pillow():
    level = smooth(3, 16, 16)
    picture = Image.fromarray(level.transpose(1, 2, 0)).convert("YCbCr")
    expected = (
        np.asarray(picture).transpose(2, 0, 1).astype(np.float64) - np.array([0, 128, 128])[:, None, None]
    )
    image = torch.from_numpy(level)[None].double()
    np.testing.assert_allclose(to_luma_chroma(image)[0], expected, atol=1.01)
    torch.testing.assert_close(from_luma_chroma(to_luma_chroma(image)), image)
    torch.testing.assert_close(luma(image[:, :2]), image[:, :2].mean(1, keepdim=True))


def test_what_lies_outside_of_an_image_is_not_read():
    image = torch.rand(2, 3, 24, 24, dtype=torch.float64) * 2 - 1
    size, quality = torch.tensor([[24, 24], [11, 17]]), torch.tensor([40.0, 60.0]).double()
    made = compressed(Canvas(image, size), quality, True).image
    alone = compressed(whole(image[1:, :, :11, :17]), quality[1:], True).image
    torch.testing.assert_close(made[1:, :, :11, :17], alone)


def test_each_image_has_its_own_quality():
    image = torch.from_numpy(smooth(3, 32, 32))[None].float().expand(64, -1, -1, -1) / 127.5 - 1
    torch.manual_seed(0)
    off = (JPEG(quality=(5.0, 95.0))(image) - image).square().mean((1, 2, 3))
    quality = 5 + 90 * (torch.manual_seed(0) and torch.rand(64))
    order = quality.argsort()
    assert off[order[:16]].mean() > 3 * off[order[-16:]].mean()
    assert len(off.unique()) > 40


def test_other_channels_are_gray_images():
    level = smooth(4, 16, 16)
    made = by_torch(level, 50, False)
    np.testing.assert_allclose(made[3:], by_torch(level[3:], 50, False))
    np.testing.assert_allclose(made[:3], by_torch(level[:3], 50, False))


def test_gradients_pass_straight_through():
    """Without rounding and clamping, compression of gray images would be the identity."""
    image = (torch.rand(1, 1, 16, 16, dtype=torch.float64) - 0.5).requires_grad_()
    weights = torch.randn(1, 1, 16, 16, dtype=torch.float64)
    (JPEG()(image) * weights).sum().backward()
    torch.testing.assert_close(image.grad, weights)


def test_a_gradient_of_colors_reaches_the_image_and_can_be_differentiated():
    image = (torch.rand(2, 3, 16, 16) - 0.5).requires_grad_()
    (gradient,) = torch.autograd.grad(JPEG()(image).square().sum(), image, create_graph=True)
    assert gradient.isfinite().all() and gradient.flatten(1).any(1).all()
    (second,) = torch.autograd.grad(gradient.square().sum(), image)
    assert second.isfinite().all() and second.any()


def test_options_are_checked():
    with pytest.raises(ValueError, match="from 1 to 100"):
        JPEG(quality=(0.0, 95.0))
