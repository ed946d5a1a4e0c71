"""Both images of a pair are resized, cropped and mirrored together."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gancore.data import ImageOptions, Loader, Paired, Unpaired, open_data, open_pairs
from gancore.data.places import PLACES, corner
from gancore.errors import DataError
from gancore.runs.sources import Sources

Make = Callable[..., Any]
SIZES = ((8, 12), (10, 10), (6, 6))
"""Of the sources; targets are larger by a factor."""


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def levels(images: torch.Tensor) -> np.ndarray:
    return ((images + 1) * 127.5).round().byte().numpy()


@pytest.fixture
def domains(folder: Make) -> Callable[[int], tuple[Path, Path]]:
    """Sources of noise, and targets in which each of their pixels is a block."""

    def make(factor: int) -> tuple[Path, Path]:
        rng, files = np.random.default_rng(0), [dict[str, bytes](), dict[str, bytes]()]
        for i, (height, width) in enumerate(SIZES):
            small = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            files[0][f"{i}.png"] = png(small)
            files[1][f"{i}.png"] = png(small.repeat(factor, 0).repeat(factor, 1))
        return folder(files[0], "small"), folder(files[1], "large")

    return make


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_crops_of_both_are_of_the_same_place(domains: Make, factor: int) -> None:
    source, target = domains(factor)
    options = ImageOptions(fit="random", size=4 * factor, mirror=True)
    pairs = Sources(data=(str(source), str(target)), paired=True, options=options).open()
    assert pairs.facts()["source"] == (3, 4, 4) and pairs.image == (3, 4 * factor, 4 * factor)
    rows = pairs.rows(pairs.order(0).at(np.arange(60)))
    one, other = levels(rows["source"]), levels(rows["target"])
    assert np.array_equal(one.repeat(factor, 2).repeat(factor, 3), other)
    assert len({crop.tobytes() for crop in one}) > 40
    center = pairs.rows(np.arange(3))
    assert np.array_equal(
        levels(center["source"]).repeat(factor, 2).repeat(factor, 3), levels(center["target"])
    )
    rest, out = pairs.split(1)
    assert out.rows(np.arange(1))["target"].shape == (1, 3, 4 * factor, 4 * factor) and len(rest) == 2


def test_pieces_reach_every_place_that_both_have() -> None:
    places = np.stack([np.arange(0, PLACES, 2**20), np.arange(0, PLACES, 2**20)], 1)
    small = {corner(place, (9, 7), (4, 4)) for place in places}
    large = {corner(place, (27, 21), (12, 12), 3) for place in places}
    assert {top for top, _ in small} == set(range(6)) and {left for _, left in small} == set(range(4))
    assert large == {(3 * top, 3 * left) for top, left in small}


def test_sizes_that_are_no_whole_factor_apart_are_named(picture: Make, folder: Make, domains: Make) -> None:
    source = folder({"a.png": picture(0, 8, 8), "b.png": picture(1, 8, 8)}, "source")
    odd = folder({"a.png": picture(0, 16, 16), "b.png": picture(1, 16, 20)}, "odd")
    other = folder({"a.png": picture(0, 16, 16), "b.png": picture(1, 32, 32)}, "other")
    options = {"fit": "random", "size": 8}
    with pytest.raises(
        DataError, match=r"b.png: the source is 8×8 and the target 16×20; pieces of both need"
    ):
        Paired(open_data(source, fit="random"), open_data(odd, **options))
    with pytest.raises(DataError, match=r"targets are 2 times that of a.png and 4 times that of b.png"):
        Paired(open_data(source, fit="random"), open_data(other, **options))
    small, large = domains(4)
    with pytest.raises(DataError, match=r"crops of 10×10 have none 4 times smaller.*; give --size 8x8"):
        Paired(open_data(small, fit="random"), open_data(large, fit="random", size=10))


@pytest.fixture
def smooth() -> np.ndarray:
    """Images (6, 16, 24, 3) in which a pixel's color is its place."""
    y, x = np.meshgrid(np.arange(16), np.arange(24), indexing="ij")
    base = np.stack([y * 10 + 20, x * 8 + 20, np.full_like(x, 100)], -1).astype(np.uint8)
    return np.stack([base + np.uint8(i) for i in range(6)])


def test_jitter_shows_pieces_of_enlarged_images_and_evaluations_whole_ones(smooth: np.ndarray) -> None:
    plain, data = open_data(smooth), open_data(smooth, jitter=1.25)
    assert data.image == plain.image and "enlarged 1.25 times" in data.description
    assert torch.equal(data.rows(np.arange(6))["image"], plain.rows(np.arange(6))["image"])
    assert data.fingerprint != plain.fingerprint
    rows = data.rows(np.array([[2, 0, 0], [2, PLACES - 1, PLACES - 1], [2, 0, PLACES - 1]]))["image"]
    enlarged = np.asarray(Image.fromarray(smooth[2]).resize((30, 20), Image.Resampling.BICUBIC)).astype(int)
    for made, (top, left) in zip(rows, ((0, 0), (4, 6), (0, 6)), strict=True):
        expected = enlarged[top : top + 16, left : left + 24].transpose(2, 0, 1)
        assert np.abs(levels(made).astype(int) - expected).max() <= 1
    found = data.order(0).at(np.arange(200))
    assert found.shape == (200, 3) and len(set(map(tuple, found[:, 1:].tolist()))) == 200


def test_jitter_moves_both_images_of_a_pair_alike(smooth: np.ndarray) -> None:
    pairs = Paired(open_data(smooth, jitter=1.25, mirror=True), open_data(smooth, jitter=1.25, mirror=True))
    rows = pairs.rows(pairs.order(1).at(np.arange(24)))
    assert torch.equal(rows["source"], rows["target"])
    halves = open_pairs(np.concatenate([smooth, smooth], 2), "left", jitter=1.25)
    rows = halves.rows(halves.order(1).at(np.arange(24)))
    assert torch.equal(rows["source"], rows["target"])
    made = open_pairs(smooth, "gray", jitter=1.25)
    rows = made.rows(made.order(1).at(np.arange(8)))
    assert rows["source"].shape == (8, 1, 16, 24)


def test_jitter_of_a_smaller_source_stays_in_its_grid(smooth: np.ndarray) -> None:
    small = smooth[:, ::2, ::2]
    pairs = Paired(open_data(small, jitter=1.3), open_data(small.repeat(2, 1).repeat(2, 2), jitter=1.3))
    one, other = pairs.source.pixels, pairs.target.pixels
    assert one.larger == (10, 16) and other.larger == (20, 32) and other.step == 2
    rows = pairs.rows(pairs.order(0).at(np.arange(30)))
    means = torch.nn.functional.avg_pool2d(rows["target"], 2)
    shifted = means.roll(1, 3)
    same, moved = ((rows["source"] - shown).abs().mean() for shown in (means, shifted))
    assert float(same) < 0.02 < float(moved)
    again = pairs.select(np.arange(4))
    assert again.target.pixels.larger == (20, 32)


def test_unpaired_domains_are_moved_each_by_itself(smooth: np.ndarray) -> None:
    data = Unpaired(open_data(smooth, jitter=1.25), open_data(smooth[:4], jitter=1.25))
    indices = data.order(0).at(np.arange(12))
    assert indices.shape == (12, 2, 3) and not np.array_equal(indices[:, 0, 1:], indices[:, 1, 1:])
    rows = data.rows(indices)
    assert rows["source"].shape == rows["target"].shape == (12, 3, 16, 24)
    assert torch.equal(data.rows(np.arange(6))["target"][4], data.rows(np.arange(1))["target"][0])


@pytest.mark.parametrize("kind", ["paired", "unpaired"])
def test_pieces_are_a_pure_function_of_seed_and_position(smooth: np.ndarray, kind: str) -> None:
    sides = [open_data(smooth, jitter=1.25, mirror=True) for _ in range(2)]
    data = (Paired if kind == "paired" else Unpaired)(*sides)
    with Loader(data, seed=3, batch=4) as one, Loader(data, seed=3, batch=4, position=8) as other:
        third = [one.next() for _ in range(3)][2]
        again = other.next()
    ranks = [Loader(data, seed=3, batch=4, rank=rank, world=2, position=8) for rank in range(2)]
    for side in ("source", "target"):
        assert torch.equal(again[side], third[side])
    shares = [loader.next()["source"] for loader in ranks]
    assert torch.equal(torch.cat(shares), third["source"])
    for loader in ranks:
        loader.close()


def test_jitter_that_does_nothing_or_too_much_is_refused(smooth: np.ndarray) -> None:
    with pytest.raises(
        DataError, match=r"jitter=1.01 leaves images of 16×24 as they are; give at least 1.06"
    ):
        open_data(smooth, jitter=1.01)
    with pytest.raises(DataError, match="jitter must be a number from 1 to 4; got 0.5"):
        ImageOptions(jitter=0.5)
    with pytest.raises(DataError, match="jitter and fit='random' both show pieces of images"):
        open_data(smooth, jitter=1.25, fit="random", size=8)


def test_a_run_keeps_its_jitter(tmp_path: Path, smooth: np.ndarray) -> None:
    np.save(tmp_path / "images.npy", smooth)
    sources = Sources(data=(str(tmp_path / "images.npy"),), options=ImageOptions(jitter=1.25))
    assert Sources.of(sources.table()) == sources
    assert Sources.of(sources.table()).open().fingerprint == sources.open().fingerprint
