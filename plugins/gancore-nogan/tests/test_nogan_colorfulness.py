import math

import numpy as np
import pytest
import torch
from gancore_nogan import Colorfulness, colorfulness
from gancore_nogan.turning_point import Shown

from gancore.errors import MeasureError
from gancore.measure import Pixels
from gancore.measure.study import Study


def rgb(*pixels):
    """An image `(1, 3, 1, n)` of levels from 0 to 255."""
    return torch.tensor(pixels, dtype=torch.float32).T[None, :, None] / 127.5 - 1


def test_gray_has_no_color():
    assert colorfulness(rgb((0, 0, 0), (90, 90, 90), (255, 255, 255))).tolist() == pytest.approx(
        [0], abs=1e-4
    )


def test_one_color_has_its_mean_alone():
    # rg = 255, yb = 127.5, without spread
    assert colorfulness(rgb((255, 0, 0), (255, 0, 0))).item() == pytest.approx(0.3 * math.hypot(255, 127.5))


def test_spread_and_mean_of_the_opponent_colors():
    image = np.random.default_rng(0).integers(0, 256, (5, 3, 6, 7)).astype(np.float64)
    red, green, blue = image[:, 0], image[:, 1], image[:, 2]
    rg, yb = red - green, (red + green) / 2 - blue
    expected = [
        math.sqrt(a.var() + b.var()) + 0.3 * math.sqrt(a.mean() ** 2 + b.mean() ** 2)
        for a, b in zip(rg, yb, strict=True)
    ]
    found = colorfulness(torch.from_numpy(image) / 127.5 - 1)
    assert found.tolist() == pytest.approx(expected)


def test_the_score_has_both_sides():
    images = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    gray = images.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    found = Colorfulness()(Study(Shown(gray), Shown(images), Pixels(image=(3, 8, 8))))
    assert found["colorfulness"].value == pytest.approx(0, abs=1e-4)
    wanted = colorfulness(Shown(images).images)
    assert found["colorfulness of the reference"].value == pytest.approx(float(wanted.mean()))
    assert found["colorfulness of the reference"].error == pytest.approx(float(wanted.std() / math.sqrt(8)))


def test_gray_images_are_refused():
    gray = Shown(torch.zeros(4, 1, 8, 8))
    with pytest.raises(MeasureError, match="of RGB images; these are \\(1, 8, 8\\)"):
        Colorfulness()(Study(gray, gray, Pixels(image=(1, 8, 8))))
