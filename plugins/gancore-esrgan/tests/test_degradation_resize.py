"""Resizing against torch's."""

import pytest
import torch
from gancore_esrgan.degradation.canvas import Canvas, whole
from gancore_esrgan.degradation.resize import FILTERS, drawn_factors, resized
from torch.nn import functional


@pytest.mark.parametrize("by", range(3), ids=FILTERS)
@pytest.mark.parametrize(
    "old, new", [((16, 12), (9, 7)), ((16, 12), (23, 12)), ((5, 3), (16, 16)), ((16, 9), (1, 2))]
)
def test_sizes_are_reached_as_in_torch(by, old, new):
    image = torch.rand(2, 3, *old, dtype=torch.float64)
    made = resized(whole(image), torch.tensor([new, new]), torch.tensor([by, by]), new)
    options = {} if FILTERS[by] == "area" else {"align_corners": False}
    expected = functional.interpolate(image, size=new, mode=FILTERS[by], **options)
    torch.testing.assert_close(made.image, expected)


def test_each_image_has_its_own_size_and_filter():
    image = torch.rand(3, 2, 20, 20)
    old, new = [[20, 20], [13, 8], [6, 20]], [[30, 9], [13, 8], [11, 25]]
    made = resized(Canvas(image, torch.tensor(old)), torch.tensor(new), torch.tensor([2, 1, 0]), (32, 26))
    assert made.image.shape == (3, 2, 32, 26) and made.size.tolist() == new
    for row, name in enumerate(("bicubic", "bilinear", "area")):
        (h, w), (tall, wide) = old[row], new[row]
        expected = functional.interpolate(image[row : row + 1, :, :h, :w], size=(tall, wide), mode=name)
        torch.testing.assert_close(made.image[row : row + 1, :, :tall, :wide], expected, atol=1e-5, rtol=0)


def test_keeping_the_size_changes_nothing():
    image = torch.rand(3, 1, 7, 9)
    made = resized(whole(image), torch.tensor([[7, 9]] * 3), torch.arange(3), (7, 9))
    torch.testing.assert_close(made.image, image)


def test_what_lies_outside_of_an_image_is_not_read():
    image = torch.rand(3, 1, 12, 12)
    size, new = torch.tensor([[7, 5]] * 3), torch.tensor([[9, 11]] * 3)
    other = image.clone()
    other[:, :, 7:], other[:, :, :, 5:] = 9, 9
    one, two = (resized(Canvas(x, size), new, torch.arange(3), (9, 11)).image for x in (image, other))
    torch.testing.assert_close(one, two)


def test_factors_have_the_probabilities_and_the_range():
    number = torch.rand(20000, 2, generator=torch.Generator().manual_seed(0))
    factor = drawn_factors(number, (0.2, 0.7, 0.1), (0.15, 1.5))
    assert (factor > 1).float().mean() == pytest.approx(0.2, abs=0.01)
    assert (factor < 1).float().mean() == pytest.approx(0.7, abs=0.01)
    assert (factor == 1).float().mean() == pytest.approx(0.1, abs=0.01)
    assert factor.min() == pytest.approx(0.15, abs=0.01) and factor.max() == pytest.approx(1.5, abs=0.01)
    assert factor[factor > 1].mean() == pytest.approx(1.25, abs=0.01)
    assert factor[factor < 1].mean() == pytest.approx(0.575, abs=0.01)
