"""Random crops of images of several sizes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gancore.data import Loader, Paired, Unpaired, open_data
from gancore.data.options import ImageOptions
from gancore.errors import DataError
from gancore.runs.sources import Sources

SIZES = ((12, 20), (16, 9), (30, 30), (8, 8))


@pytest.fixture
def photos(tmp_path: Path, picture: Callable[..., bytes]) -> Path:
    for i, (height, width) in enumerate(SIZES):
        (tmp_path / f"{i}.png").write_bytes(picture(i, height, width))
    return tmp_path


def whole(photos: Path, index: int) -> np.ndarray:
    return np.asarray(Image.open(photos / f"{index}.png")).transpose(2, 0, 1)


def place(crop: torch.Tensor, image: np.ndarray) -> list[tuple[int, int]]:
    values = ((crop + 1) * 127.5).round().numpy().astype(np.uint8)
    _, height, width = values.shape
    return [
        (y, x)
        for y in range(image.shape[1] - height + 1)
        for x in range(image.shape[2] - width + 1)
        if np.array_equal(image[:, y : y + height, x : x + width], values)
    ]


def test_each_crop_is_a_piece_of_its_image_and_places_differ(photos: Path) -> None:
    data = open_data(photos, fit="random", size=8)
    assert data.image == (3, 8, 8) and "cropped at random to 8×8" in data.description
    indices = data.order(0).at(np.arange(80))
    crops = data.rows(indices)["image"]
    found = [place(crop, whole(photos, int(row[0]))) for crop, row in zip(crops, indices, strict=True)]
    assert all(len(one) == 1 for one in found)
    of_largest = {one[0] for one, row in zip(found, indices, strict=True) if row[0] == 2}
    assert len(of_largest) > 15


def test_crops_are_a_pure_function_of_seed_and_position(photos: Path) -> None:
    data = open_data(photos, fit="random", size=8, mirror=True)
    with Loader(data, seed=3, batch=6) as one, Loader(data, seed=3, batch=6, position=12) as other:
        first = [one.next()["image"] for _ in range(3)]
        assert torch.equal(first[2], other.next()["image"])
    ranks = [Loader(data, seed=3, batch=6, rank=rank, world=2) for rank in range(2)]
    assert torch.equal(torch.cat([loader.next()["image"] for loader in ranks]), first[0])
    with Loader(data, seed=4, batch=6) as another:
        assert not torch.equal(another.next()["image"], first[0])
    for loader in ranks:
        loader.close()


def test_without_an_order_it_is_the_center(photos: Path) -> None:
    data = open_data(photos, fit="random", size=8)
    assert place(data.rows(np.array([2]))["image"][0], whole(photos, 2)) == [(11, 11)]
    rest, out = data.split(1)
    assert len(rest) == 3 and rest.rows(rest.order(0).at(np.arange(5)))["image"].shape == (5, 3, 8, 8)
    assert out.rows(np.array([0]))["image"].shape == (1, 3, 8, 8)


def test_smaller_images_are_enlarged_and_a_size_that_all_cover_is_the_default(photos: Path) -> None:
    assert open_data(photos, fit="random", size=10).image == (3, 10, 10)
    data = open_data(photos, fit="random")
    assert data.image == (3, 8, 8) and "taken: --size 8x8, a power of two that all cover" in data.description


def test_other_data_have_other_fingerprints(photos: Path) -> None:
    found = {
        open_data(photos, fit=fit, size=size).fingerprint for fit in ("random", "crop") for size in (6, 8)
    }
    assert len(found) == 4


def test_what_cannot_be_cropped_at_random_is_refused(photos: Path) -> None:
    data = open_data(photos, fit="random", size=8)
    with pytest.raises(DataError, match="pieces are shown of one of two domains alone"):
        Unpaired(data, open_data(photos, size=8))
    with pytest.raises(DataError, match="pieces are shown of one of two domains alone"):
        Paired(open_data(photos, size=8), data)
    with pytest.raises(DataError, match="holds floats; random crops are made of whole numbers"):
        open_data(np.zeros((4, 3, 8, 8), np.float32), fit="random", size=4)


def test_a_run_keeps_the_option(photos: Path) -> None:
    sources = Sources(data=(str(photos),), options=ImageOptions(fit="random", size=8))
    again = Sources.of(sources.table()).open()
    assert again.fingerprint == sources.open().fingerprint
