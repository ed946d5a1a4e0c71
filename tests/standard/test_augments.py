import pytest
import torch

from gancore.component.randomness import Rows, own_rows, seeded
from gancore.standard.augments import DiffAugment, NoAugment

POLICIES = [("color",), ("translation",), ("cutout",), ("color", "translation", "cutout")]


def applied(image, *policy, seed=0):
    with seeded(seed):
        return DiffAugment(policy=policy)(image)


def test_identity():
    image = torch.randn(2, 3, 4, 4)
    assert torch.equal(NoAugment()(image), image)
    assert torch.equal(DiffAugment(policy=())(image), image)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", [(5, 1, 8, 8), (5, 3, 9, 6), (1, 4, 8, 16)])
def test_shape_and_own_draws(policy, shape):
    image = torch.rand(1, *shape[1:]).expand(shape)
    changed = applied(image, *policy, seed=2)
    assert changed.shape == shape and changed.dtype == torch.float32
    if len(image) > 1:
        assert len(changed.flatten(1).unique(dim=0)) > 1
    assert torch.equal(applied(image, *policy, seed=2), changed)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_global_generator_is_the_only_source(policy):
    torch.manual_seed(3)
    first = DiffAugment(policy=policy)(torch.ones(4, 3, 8, 8))
    torch.manual_seed(3)
    assert torch.equal(DiffAugment(policy=policy)(torch.ones(4, 3, 8, 8)), first)


@pytest.mark.parametrize("policy", POLICIES)
def test_twice_differentiable(policy):
    image = torch.randn(2, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: applied(x, *policy), image)
    assert torch.autograd.gradgradcheck(lambda x: applied(x, *policy).square(), image)


@pytest.mark.parametrize("policy", POLICIES)
def test_micro_batches_are_exact(policy):
    image = torch.randn(7, 3, 8, 8)
    whole = applied(image, *policy)
    pieces = []
    for start, stop in ((0, 3), (3, 4), (4, 7)):
        with own_rows(Rows(7, start, stop)):
            pieces.append(applied(image[start:stop], *policy))
    assert torch.equal(torch.cat(pieces), whole)


def test_brightness_shifts_within_half():
    shift = applied(torch.zeros(3000, 1, 2, 2), "color")
    per_image = shift.flatten(1)
    assert (per_image - per_image[:, :1]).abs().max() < 1e-6
    assert -0.5 <= shift.min() < -0.49 and 0.49 < shift.max() <= 0.5


def test_contrast_stretches_one_channel_between_half_and_three_halves():
    image = torch.linspace(-1, 1, 16).view(1, 1, 4, 4).expand(3000, -1, -1, -1)
    stretch = applied(image, "color").flatten(1).std(1) / image.flatten(1).std(1)
    assert 0.5 <= stretch.min() < 0.51 and 1.49 < stretch.max() <= 1.5001


def test_saturation_stretches_colors_up_to_double():
    image = torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(4000, 3, 2, 2)
    chroma = applied(image, "color").std(1)[:, 0, 0]  # saturation in [0, 2] times contrast in [0.5, 1.5]
    assert chroma.min() < 0.05 and 2.5 < chroma.max() <= 3.001
    assert chroma.mean().item() == pytest.approx(1, abs=0.05)


def test_translation_moves_by_an_eighth_and_pads_with_zeros():
    image = torch.arange(1, 257.0).view(1, 1, 16, 16).expand(400, -1, -1, -1)
    seen = set()
    for moved in applied(image, "translation"):
        inside = moved[0] != 0
        rows, columns = inside.any(1).nonzero()[:, 0], inside.any(0).nonzero()[:, 0]
        assert inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        down, right = (int(there) - 8 for there in divmod(int(moved[0, 8, 8]) - 1, 16))
        assert -2 <= down <= 2 and -2 <= right <= 2
        assert len(rows) == 16 - abs(down) and len(columns) == 16 - abs(right)
        seen.add((down, right))
    assert len(seen) == 25


def test_cutout_hides_a_square_of_half_the_size_about_a_center_inside():
    hidden = applied(torch.ones(2000, 2, 8, 12), "cutout") == 0
    assert torch.equal(hidden[:, 0], hidden[:, 1])
    heights, widths = hidden[:, 0].any(2).sum(1), hidden[:, 0].any(1).sum(1)
    assert torch.equal(hidden[:, 0].sum((1, 2)), heights * widths)
    assert (heights.min(), heights.max()) == (2, 4) and (widths.min(), widths.max()) == (3, 6)
    rows, columns = hidden[:, 0].any(2).float().mean(0), hidden[:, 0].any(1).float().mean(0)
    assert torch.allclose(rows[[0, -1]], torch.tensor(3 / 9), atol=0.04) and torch.allclose(
        columns[[0, -1]], torch.tensor(4 / 13), atol=0.04
    )


def test_one_channel_has_no_saturation():
    # brightness keeps contrasts and contrast keeps the mean, so what is left of one channel is affine in the
    # image
    image = torch.randn(6, 1, 8, 8)
    changed = applied(image, "color")
    for old, new in zip(image, changed, strict=True):
        assert torch.corrcoef(torch.stack([old.flatten(), new.flatten()]))[0, 1] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("policy", [("hue",), ("cutout", "cutout"), "cutout", 3])
def test_unknown_changes_are_refused(policy):
    with pytest.raises(
        ValueError, match="policy must be a tuple of color, translation, cutout, each at most once; got"
    ):
        DiffAugment(policy=policy)
