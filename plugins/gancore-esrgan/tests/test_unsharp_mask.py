"""Unsharp masking against scipy and by hand."""

import numpy as np
import pytest
import torch
from gancore_esrgan.degradation import UnsharpMask
from gancore_esrgan.degradation.canvas import Canvas
from scipy import ndimage


def expected(image, *, size, deviation, weight, threshold):
    """Of one channel in [0, 1]."""
    place = np.arange(size) - size // 2
    taps = np.exp(-(place**2) / (2 * deviation**2))

    def blurred(values):
        for axis in (0, 1):
            values = ndimage.correlate1d(values, taps / taps.sum(), axis=axis, mode="mirror")
        return values

    missing = image - blurred(image)
    mask = blurred((np.abs(missing) * 255 > threshold).astype(float))
    return mask * np.clip(image + weight * missing, 0, 1) + (1 - mask) * image


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((70, 64), {"size": 51, "deviation": 8.0, "weight": 0.5, "threshold": 10.0}),
        ((9, 30), {"size": 51, "deviation": 8.0, "weight": 0.5, "threshold": 10.0}),
        ((20, 17), {"size": 7, "deviation": 1.2, "weight": 2.0, "threshold": 30.0}),
    ],
)
def test_it_is_that_of_the_formula(shape, options):
    image = ndimage.gaussian_filter(np.random.default_rng(0).random((2, 3, *shape)), (0, 0, 1, 1))
    image = (image - image.min()) / (image.max() - image.min())
    made = UnsharpMask(**options)(torch.from_numpy(image * 2 - 1))
    wanted = [[expected(channel, **options) for channel in channels] for channels in image]
    np.testing.assert_allclose((made.numpy() + 1) / 2, np.array(wanted), atol=1e-9)
    assert np.abs(np.array(wanted) - image).max() > 0.05
    assert float(UnsharpMask(**options)(torch.from_numpy(image * 2 - 1).float()).abs().max()) <= 1


def test_published_settings_are_the_defaults():
    mask = UnsharpMask()
    assert (mask.weight, mask.threshold, mask.size) == (0.5, 10, 51)
    assert mask.deviation == pytest.approx(0.3 * ((51 - 1) / 2 - 1) + 0.8)  # OpenCV's for a kernel of 51


def test_what_is_flat_or_below_the_threshold_stays():
    flat = torch.full((1, 1, 8, 8), 0.3)
    weak = flat + 9 / 127.5 * (torch.arange(8) % 2)
    for image in (flat, weak):
        torch.testing.assert_close(UnsharpMask()(image), image)
    assert float((UnsharpMask(threshold=1.0)(weak) - weak).abs().max()) > 0.01


def test_nothing_is_read_beyond_an_image_on_its_canvas():
    image = torch.rand(1, 1, 12, 10) * 2 - 1
    wide = torch.full((1, 1, 20, 20), 1.0)
    wide[..., :12, :10] = image
    made = UnsharpMask().on(Canvas(wide, torch.tensor([[12, 10]]))).image
    torch.testing.assert_close(made[..., :12, :10], UnsharpMask()(image))


@pytest.mark.parametrize("size", [50, 0, 5.0, True])
def test_an_even_kernel_is_refused(size):
    with pytest.raises(ValueError, match="size must be an odd whole number of at least 1; got"):
        UnsharpMask(size=size)
