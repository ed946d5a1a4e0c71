import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gancore.data import Images, Loader, Unpaired, open_data
from gancore.data.order import Ordering
from gancore.errors import DataError


def numbered(length: int, mirror: bool = False) -> Images:
    """Image i holds i on the left and 100 + i on the right."""
    images = np.zeros((length, 1, 1, 2), dtype=np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(length), 100 + np.arange(length)
    return open_data(images, labels=np.arange(length), mirror=mirror, layout="NCHW")


def drain(data: Images, sizes: list[int], **where: int) -> Tensor:
    with Loader(data, seed=5, batch=4, **where) as loader:
        return torch.cat([loader.next(n)["image"] for n in sizes])


@given(st.integers(1, 40), st.lists(st.integers(1, 9), min_size=2, max_size=8), st.data(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_resuming_at_any_batch_equals_going_on(
    length: int, sizes: list[int], draw: st.DataObject, mirror: bool
) -> None:
    data = numbered(length, mirror)
    whole = drain(data, sizes)
    cut = draw.draw(st.integers(0, len(sizes)))
    start = sum(sizes[:cut])
    rest = drain(data, sizes[cut:], position=start) if cut < len(sizes) else whole[:0]
    assert torch.equal(whole[start:], rest)


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_ranks_together_give_the_whole(
    length: int, world: int, share: int, batches: int, mirror: bool
) -> None:
    data = numbered(length, mirror)
    sizes = [world * share] * batches
    with Loader(data, seed=5, batch=1) as loader:
        whole = [loader.next(n)["image"] for n in sizes]
    parts = [drain_rank(data, sizes, rank, world) for rank in range(world)]
    for step, expected in enumerate(whole):
        assert torch.equal(torch.cat([part[step] for part in parts]), expected)


def drain_rank(data: Images, sizes: list[int], rank: int, world: int) -> list[Tensor]:
    with Loader(data, seed=5, batch=world, rank=rank, world=world) as loader:
        return [loader.next(n)["image"] for n in sizes]


def test_position_counts_and_can_be_set_back() -> None:
    with Loader(numbered(7), seed=1, batch=3) as loader:
        first = loader.next()["image"]
        second = loader.next(2)["image"]
        assert loader.position == 5
        loader.position = 3
        assert torch.equal(loader.next(2)["image"], second)
        loader.position = 0
        assert torch.equal(loader.next()["image"], first)


def test_an_image_comes_with_its_label() -> None:
    with Loader(numbered(9), seed=2, batch=5) as loader:
        for _ in range(4):
            batch = loader.next()
            assert torch.equal(((batch["image"][:, 0, 0, 0] + 1) * 127.5).round().long(), batch["label"])
            assert batch["label"].dtype == torch.int64


def test_unpaired_domains_resume_too() -> None:
    data = Unpaired(numbered(5, True), numbered(8, True))
    with Loader(data, seed=0, batch=4) as loader:
        batches = [loader.next() for _ in range(6)]
    with Loader(data, seed=0, batch=4, position=12) as loader:
        for expected in batches[3:]:
            got = loader.next()
            assert torch.equal(got["source"], expected["source"]) and torch.equal(
                got["target"], expected["target"]
            )


def test_an_error_of_the_thread_comes_out_of_next(monkeypatch: pytest.MonkeyPatch) -> None:
    data = numbered(5)

    def broken(indices: np.ndarray) -> dict[str, Tensor]:
        raise DataError("the disk is gone")

    monkeypatch.setattr(data, "rows", broken)
    with Loader(data, seed=0, batch=2) as loader, pytest.raises(DataError, match="the disk is gone"):
        loader.next()


def test_the_next_batch_is_made_ready_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    data = numbered(5)
    seen: list[str] = []
    plain = data.rows

    def watched(indices: np.ndarray) -> dict[str, Tensor]:
        seen.append(threading.current_thread().name)
        return plain(indices)

    monkeypatch.setattr(data, "rows", watched)
    with Loader(data, seed=0, batch=2) as loader:
        loader.next()
        deadline = time.monotonic() + 10
        while len(seen) < 3 and time.monotonic() < deadline:
            time.sleep(0.001)
    assert len(seen) >= 3 and all("gancore-loader" in name for name in seen)


def test_a_closed_loader_leaves_no_thread_and_refuses() -> None:
    loader = Loader(numbered(5), seed=0, batch=2)
    loader.next()
    loader.close()
    loader.close()
    assert not [thread for thread in threading.enumerate() if "gancore-loader" in thread.name]
    with pytest.raises(DataError, match="the loader is closed; make a new one"):
        loader.next()


def test_words_that_do_not_fit_are_refused() -> None:
    data = numbered(5)
    with pytest.raises(
        DataError, match="a batch of 3 cannot be shared by 2 ranks; expected a positive multiple of 2"
    ):
        Loader(data, seed=0, batch=3, rank=0, world=2)
    with pytest.raises(DataError, match="rank 2 of 2; expected a rank from 0 to 1"):
        Loader(data, seed=0, batch=2, rank=2, world=2)
    with pytest.raises(DataError, match="position is -1"):
        Loader(data, seed=0, batch=2, position=-1)
    with Loader(data, seed=0, batch=2, world=2) as loader, pytest.raises(DataError, match="a batch of 0"):
        loader.next(0)


def test_twenty_thousand_images_a_second_on_one_core() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2048, 3, 64, 64), dtype=np.uint8)
    data = open_data(images)
    order = data.order(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rates = [rate(data, order, start) for start in range(0, 5 * 2048, 2048)]
    finally:
        torch.set_num_threads(threads)
    assert max(rates) > 20_000


def rate(data: Images, order: Ordering, start: int) -> float:
    """Images a second of this thread's own processor time, so that other processes do not count."""
    begun = time.thread_time()
    for first in range(start, start + 2048, 64):
        data.rows(order.at(np.arange(first, first + 64)))
    return 2048 / (time.thread_time() - begun)
