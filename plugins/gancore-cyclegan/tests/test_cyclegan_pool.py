import torch
from gancore_cyclegan import ImagePool


def numbered(start: int, n: int) -> torch.Tensor:
    return torch.arange(start, start + n).float().reshape(n, 1, 1, 1)


def test_while_it_fills_every_image_is_kept_and_shown() -> None:
    pool = ImagePool(5, (1, 1, 1))
    rng = torch.Generator().manual_seed(0)
    for start in (0, 2):
        assert torch.equal(pool.exchange(numbered(start, 2), rng), numbered(start, 2))
    assert torch.equal(pool.images.flatten(), torch.tensor([0.0, 1, 2, 3, 0]))
    assert int(pool.held) == 4


def test_once_full_half_of_the_images_take_the_place_of_one_that_is_shown() -> None:
    pool = ImagePool(50, (1, 1, 1))
    rng = torch.Generator().manual_seed(0)
    pool.exchange(numbered(0, 50), rng)
    kept, swapped = set(range(50)), 0
    for i in range(50, 2050):
        shown = int(pool.exchange(numbered(i, 1), rng))
        if shown != i:
            assert shown in kept
            kept = kept - {shown} | {i}
            swapped += 1
        assert i in kept or shown == i
    assert kept == set(pool.images.flatten().int().tolist())
    assert abs(swapped / 2000 - 0.5) < 0.04


def test_every_place_is_exchanged() -> None:
    pool = ImagePool(7, (1, 1, 1))
    rng = torch.Generator().manual_seed(1)
    pool.exchange(numbered(0, 7), rng)
    pool.exchange(numbered(7, 200), rng)
    assert pool.images.min() > 7


def test_a_batch_is_exchanged_image_by_image() -> None:
    pool = ImagePool(1, (1, 1, 1))
    shown = pool.exchange(numbered(0, 64), torch.Generator().manual_seed(2)).flatten().tolist()
    kept = shown[0]
    for i in range(1, 64):
        assert shown[i] in (i, kept)
        kept = i if shown[i] != i else kept
    assert pool.images.item() == kept
    assert 16 < sum(image != i for i, image in enumerate(shown)) < 48


def test_the_draws_do_not_depend_on_what_it_holds() -> None:
    empty, full = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    pool = ImagePool(4, (1, 1, 1))
    pool.exchange(numbered(0, 4), empty)
    pool.exchange(numbered(0, 4), full.manual_seed(3))
    assert torch.equal(empty.get_state(), full.get_state())


def test_none_is_kept_where_the_size_is_zero() -> None:
    pool = ImagePool(0, (1, 1, 1))
    fresh = numbered(0, 3)
    assert pool.exchange(fresh, torch.Generator()) is fresh


def test_its_state_goes_with_the_weights() -> None:
    one, other = ImagePool(4, (1, 1, 1)), ImagePool(4, (1, 1, 1))
    rng = torch.Generator().manual_seed(4)
    one.exchange(numbered(0, 9), rng)
    other.load_state_dict(one.state_dict())
    state = rng.get_state()
    shown = one.exchange(numbered(9, 9), rng)
    rng.set_state(state)
    assert torch.equal(shown, other.exchange(numbered(9, 9), rng))
    assert torch.equal(one.images, other.images)
