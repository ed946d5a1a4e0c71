import torch

from gancore.component.randomness import drawn_from, normal, uniform
from gancore.component.row_noise import RowNoise


def drawn(seeds):
    like = torch.zeros(())
    with drawn_from(RowNoise(seeds)):
        return [uniform(len(seeds), 5, like=like), normal(len(seeds), 2, 3, like=like)]


def test_a_row_depends_on_its_own_seed_alone():
    seeds = torch.rand(4, *RowNoise.SHAPE, generator=torch.Generator().manual_seed(0))
    whole, part = drawn(seeds), drawn(seeds[1:3])
    assert [tuple(noise.shape) for noise in whole] == [(4, 5), (4, 2, 3)]
    assert all(torch.equal(a[1:3], b) for a, b in zip(whole, part, strict=True))
    assert len({tuple(row.tolist()) for row in whole[0]}) == 4


def test_every_number_of_a_seed_counts_to_its_last_bit():
    seeds = torch.full((3, 2), 0.5)
    seeds[1, 0] += 2**-16
    seeds[2, 1] += 2**-16
    assert len({tuple(row.tolist()) for row in drawn(seeds)[0]}) == 3


def test_a_row_may_be_one_number():
    seeds = torch.rand(4, *RowNoise.SHAPE, generator=torch.Generator().manual_seed(0))
    with drawn_from(RowNoise(seeds)):
        assert uniform(4, like=seeds).shape == (4,)


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    drawn(torch.rand(2, 2, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(torch.get_rng_state(), before)
