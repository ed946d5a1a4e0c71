"""Every equation, with numbers worked out by hand."""

import math

import pytest
import torch
from torch import Tensor

from gancore.component.scored import Scored
from gancore_siren import LeCam, Siren
from gancore_siren.siren import coordinates


def scored(*scores: float) -> Scored:
    """Images of one pixel, which score what they are."""
    image = torch.tensor(scores).reshape(-1, 1, 1, 1)
    return Scored(lambda: image, score)


def score(image: Tensor) -> Tensor:
    """The value of the pixel."""
    return image.flatten()


def test_lecam_measures_the_distance_to_the_other_sides_anchor() -> None:
    """Reals 1 and 3, fakes 0 and -2 set the anchors 2 and -1; then 0.5 ((4+1)² + (1-2)²) = 13."""
    lecam = LeCam(weight=0.5)
    assert lecam(score, scored(1, 3), scored(0, -2)).item() == 0
    lecam.update_buffers()
    assert [lecam.real_anchor.item(), lecam.fake_anchor.item()] == pytest.approx([2, -1], rel=1e-5)
    assert lecam(score, scored(4), scored(1)).item() == pytest.approx(13, rel=1e-5)


def test_anchors_are_averages_without_the_bias_of_their_start() -> None:
    """With γ = 0.5 the means 2, 4, 8 weigh 1, 2, 4 of 7: (2 + 8 + 32) / 7 = 6."""
    lecam = LeCam(decay=0.5)
    for value in (2.0, 4.0, 8.0):
        lecam(score, scored(value), scored(-value))
        lecam.update_buffers()
        lecam.real_seen.clear()
        lecam.fake_seen.clear()
    assert lecam.real_anchor.item() == pytest.approx(6, rel=1e-5)
    assert lecam.fake_anchor.item() == pytest.approx(-6, rel=1e-5)


def test_anchors_stay_in_eval_mode_and_where_nothing_was_seen() -> None:
    """Only training moves them."""
    lecam = LeCam().eval()
    lecam(score, scored(1), scored(2))
    lecam.update_buffers()
    assert lecam.updates.item() == lecam.real_anchor.item() == 0


def test_coordinates_are_the_middles_of_the_pixels() -> None:
    """Two rows and four columns: rows at ±1/4, columns at ±3/4 and ±1/4."""
    grid = coordinates(2, 4)
    assert grid[:, 0].tolist() == [-0.25] * 4 + [0.25] * 4
    assert grid[:4, 1].tolist() == [-0.75, -0.25, 0.25, 0.75]


def test_a_sine_is_a_sine() -> None:
    """With one sine of ω = 2, weights 1 and 0, γ = 2 (1 + 1/2) and β = 0.1: tanh sin(3 y + 0.1)."""
    siren = Siren(image=(1, 4, 1), width=1, depth=1, latent_size=1, frequency=2.0)
    with torch.no_grad():
        for p in siren.parameters():
            p.zero_()
        siren.get_parameter("sines.0.weight")[0, 0] = 1
        siren.get_parameter("color.weight").fill_(1)
        siren.get_parameter("mapping.4.bias").copy_(torch.tensor([1.0, 0.1]))
        image = siren(torch.zeros(1, 1))
    expected = [math.tanh(math.sin(3 * y + 0.1)) for y in (-0.75, -0.25, 0.25, 0.75)]
    assert image.flatten().tolist() == pytest.approx(expected, abs=1e-6)


def test_first_weights_are_the_papers() -> None:
    """Uniform in ±1/2 for the first layer, in ±√(6/n)/ω for the others."""
    siren = Siren(image=(3, 8, 8), width=96, depth=2, frequency=30.0)
    first, second = (siren.get_parameter(f"sines.{i}.weight").abs().max().item() for i in (0, 1))
    assert 0.45 < first <= 0.5
    assert 0.95 < second / (math.sqrt(6 / 96) / 30) <= 1


def test_the_same_weights_make_images_of_any_size() -> None:
    """Three times as large, every third pixel is at the same place, and has the same color."""
    small, large = Siren(image=(3, 4, 6), width=8), Siren(image=(3, 12, 18), width=8)
    large.load_state_dict(small.state_dict())
    code = torch.randn(2, 64)
    torch.testing.assert_close(large(code)[:, :, 1::3, 1::3], small(code), atol=1e-4, rtol=0)
