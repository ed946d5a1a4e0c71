"""The pool of pairs."""

import pytest
import torch
from gancore_esrgan.pair_pool import PairPool

from gancore.errors import FitError


def numbered(start, n):
    number = torch.arange(float(start), start + n).reshape(n, 1, 1, 1)
    return number, -number


def filled(size=6, batch=2):
    pool, rng = PairPool(size, (1, 1, 1), (1, 1, 1)), torch.Generator().manual_seed(1)
    for start in range(0, size, batch):
        image, source = numbered(start, batch)
        assert all(map(torch.equal, pool.exchange(image, source, rng), (image, source)))
    return pool, rng


def test_each_pair_leaves_once_and_stays_a_pair():
    (pool, rng), out = filled(), []
    for i in range(200):
        image, source = pool.exchange(*numbered(6 + 2 * i, 2), rng)
        assert torch.equal(source, -image) and torch.equal(pool.sources, -pool.images)
        out += image.flatten().int().tolist()
    kept = pool.images.flatten().int().tolist()
    assert sorted(out + kept) == list(range(406)) and int(pool.held) == 6


def test_pairs_stay_for_as_many_steps_as_the_pool_has_batches():
    (pool, rng), stay = filled(), []
    for i in range(3000):
        image, _ = pool.exchange(*numbered(6 + 2 * i, 2), rng)
        stay += [i - (number - 6) // 2 for number in image.flatten().int().tolist() if number >= 6]
    assert sum(stay) / len(stay) == pytest.approx(3, rel=0.05)


def test_what_is_returned_is_not_overwritten():
    pool, rng = filled(2)
    image, _ = pool.exchange(*numbered(2, 2), rng)
    before = image.clone()
    pool.exchange(*numbered(4, 2), rng)
    assert torch.equal(image, before)


def test_its_state_goes_with_the_weights():
    for size in (2, 6):  # still filling, and full
        one, other = filled(6, size)[0], PairPool(6, (1, 1, 1), (1, 1, 1))
        one.held.fill_(size)
        other.load_state_dict(one.state_dict())
        made = [pool.exchange(*numbered(9, 2), torch.Generator().manual_seed(3))[0] for pool in (one, other)]
        assert torch.equal(*made) and torch.equal(one.images, other.images)


def test_draws_do_not_depend_on_what_is_held():
    (full, rng), empty = filled(), PairPool(6, (1, 1, 1), (1, 1, 1))
    rng.manual_seed(3)
    full.exchange(*numbered(9, 2), rng)
    state = rng.get_state()
    rng.manual_seed(3)
    empty.exchange(*numbered(9, 2), rng)
    assert torch.equal(rng.get_state(), state)


@pytest.mark.parametrize(("batch", "multiple"), [(48, 192), (7, 182), (360, 360)])
def test_batches_that_do_not_divide_it_are_refused(batch, multiple):
    pool = PairPool(180, (1, 1, 1), (1, 1, 1))
    with pytest.raises(FitError, match=f"180 pairs, .* batches of {batch}; .* such as {multiple}, or to 0"):
        pool.exchange(*numbered(0, batch), torch.Generator())
