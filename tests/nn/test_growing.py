import pytest
import torch
from torch import nn

from gancore.nn.growing import Growing, blended, coarse, doubled, halved, level_of


class Network(Growing):
    def __init__(self, *how):
        super().__init__()
        self.start_growing(*how)


class Halved(nn.Module):
    def __init__(self, added):
        super().__init__()
        self.added = added

    def forward(self, x):
        return halved(x, 1) + self.added


@pytest.mark.parametrize(
    ("size", "shorter", "doublings", "level"),
    [(8, 32, 3, 1), (4, 32, 3, 0), (8, 28, 2, 1), (1, 5, 0, 0), (8, 4, 0, 0), (64, 32, 3, 3), (0, 32, 3, 3)],
)
def test_the_first_level_is_the_first_that_is_large_enough(size, shorter, doublings, level):
    assert level_of(size, shorter, doublings) == level


def test_a_stage_says_the_newest_level_and_its_weight():
    network = Network(3, 1)
    assert network.newest() == (1, None)
    network.stage.fill_(1.25)
    level, weight = network.newest()
    assert (level, float(weight)) == (2, 0.25)
    other = Network(3, 1)
    other.load_state_dict(network.state_dict())
    assert other.newest()[0] == 2
    assert not list(nn.Module.parameters(network))


@pytest.mark.parametrize("stage", [0.0, 1.0, 1.25, 2.0])
def test_grown_images_and_shrunk_maps_are_mixed_while_a_size_fades_in(stage):
    network = Network(2, 0)
    network.stage.fill_(stage)
    level, weight = network.newest()
    x, before = torch.randn(1, 1, 2 << level, 2 << level), torch.randn(1, 1, 1 << level, 1 << level)
    made = network.grown(x, before, lambda maps, size: maps * 10**size)
    fine = doubled(x * 10**level, 2 - level)
    old = doubled(before * 10 ** (level - 1), 3 - level)
    share = 1 if weight is None else stage - level + 1
    assert torch.allclose(made, share * fine + (1 - share) * old, atol=1e-4)
    # blocks halve and add 1 and 2; those of sizes that are not in use are left out
    blocks = nn.ModuleList([Halved(1.0), Halved(2.0)])
    image = torch.randn(1, 1, 8, 8)
    found = network.shrunk(image, lambda pixels, size: pixels + 10 * size, blocks)
    added = {0: 0.0, 1: 10 + 2.0, 2: 20 + 3.0}[level]
    of_half = 10 * (level - 1) + sum([1.0, 2.0][3 - level :])
    assert torch.allclose(found, halved(image, 2) + share * added + (1 - share) * of_half, atol=1e-5)


def test_pixels_are_averaged_and_repeated():
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert torch.equal(halved(image, 1), torch.tensor([[2.5, 4.5], [10.5, 12.5]])[None, None])
    assert torch.equal(halved(image, 2), torch.full((1, 1, 1, 1), 7.5))
    assert torch.equal(doubled(halved(image, 1), 1)[0, 0, :2], torch.tensor([[2.5, 2.5, 4.5, 4.5]] * 2))
    assert halved(image, 0) is image and doubled(image, 0) is image


def test_coarse_images_are_a_mix_of_two_sizes():
    image = torch.randn(2, 3, 8, 12)
    assert coarse(image, 2, 2.0) is image
    assert torch.equal(coarse(image, 2, 0.0), doubled(halved(image, 2), 2))
    assert torch.equal(coarse(image, 2, 1.0), doubled(halved(image, 1), 1))
    mixed = 0.75 * coarse(image, 2, 0.0) + 0.25 * coarse(image, 2, 1.0)
    assert torch.allclose(coarse(image, 2, 0.25), mixed, atol=1e-6)


def test_they_differentiate_twice():
    image, weight = torch.randn(1, 1, 4, 4, dtype=torch.float64, requires_grad=True), torch.tensor(0.3)
    assert torch.autograd.gradgradcheck(
        lambda x: blended(doubled(halved(x, 1), 1), x, weight).pow(3), (image,)
    )


def test_a_weight_changes_no_dtype():
    low = torch.ones(2, dtype=torch.bfloat16)
    assert blended(low, low, torch.tensor(0.3)).dtype == torch.bfloat16
