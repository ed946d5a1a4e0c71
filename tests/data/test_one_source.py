"""Pairs from one source: halves of images side by side, and what is made of images."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gancore.data import ImageOptions, Loader, Paired, open_data, open_pairs
from gancore.data.made import edges, smaller
from gancore.data.options import SOURCE_FROM
from gancore.errors import DataError, UserError
from gancore.runs.sources import Sources, given_data

Make = Callable[..., Any]


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def levels(images: torch.Tensor) -> np.ndarray:
    return ((images + 1) * 127.5).round().byte().numpy()


@pytest.fixture
def photos(picture: Make, folder: Make) -> Path:
    return folder({f"{name}.png": picture(seed, 12, 16) for seed, name in enumerate("abcdef")})


@pytest.mark.parametrize("side", ["left", "right"])
def test_halves_are_the_pixels_of_each_side(photos: Path, side: str) -> None:
    pairs = open_pairs(photos, side)
    assert len(pairs) == 6 and pairs.facts()["source"] == pairs.image == (3, 12, 8)
    rows = pairs.rows(np.array([2]))
    whole = np.asarray(Image.open(photos / "c.png")).transpose(2, 0, 1)
    left, right = whole[:, :, :8], whole[:, :, 8:]
    source, target = (left, right) if side == "left" else (right, left)
    assert np.array_equal(levels(rows["source"])[0], source)
    assert np.array_equal(levels(rows["target"])[0], target)
    assert f"{side} half of folder" in pairs.source.description and "alpha on white" in pairs.description


def test_halves_are_parted_before_they_are_resized(photos: Path) -> None:
    pairs = open_pairs(photos, "left", size=6, fit="stretch")
    left = Image.open(photos / "a.png").crop((0, 0, 8, 12)).resize((6, 6), Image.Resampling.LANCZOS)
    assert np.array_equal(levels(pairs.rows(np.array([0]))["source"])[0], np.asarray(left).transpose(2, 0, 1))


def test_an_odd_width_is_named(picture: Make, folder: Make) -> None:
    place = folder({"a.png": picture(0, 8, 16), "b.png": picture(1, 8, 15)})
    with pytest.raises(DataError, match=r"b\.png: its width of 15 is odd, so that it has no two halves"):
        open_pairs(place, "left", size=8)
    pairs = open_pairs(place, "left", size=8, unreadable="skip")
    assert len(pairs) == 1 and pairs.source.names == pairs.target.names == ["a.png"]


def test_halves_of_arrays_keep_their_range() -> None:
    images = np.full((3, 1, 4, 8), 0.5, np.float32)
    images[..., 4:] = -1
    rows = open_pairs(images, "left").rows(np.arange(3))
    assert rows["source"].unique().tolist() == [0.5] and rows["target"].unique().tolist() == [-1]


def test_gray_is_that_of_one_channel(photos: Path) -> None:
    pairs = open_pairs(photos, "gray")
    assert pairs.facts()["source"] == (1, 12, 16) and pairs.image == (3, 12, 16)
    rows, gray, color = pairs.rows(np.arange(6)), open_data(photos, channels=1), open_data(photos)
    assert torch.equal(rows["source"], gray.rows(np.arange(6))["image"])
    assert torch.equal(rows["target"], color.rows(np.arange(6))["image"])
    whole = Paired(gray, color)
    assert torch.equal(rows["source"], whole.rows(np.arange(6))["source"])


def test_edges_are_the_range_of_each_neighborhood() -> None:
    image = torch.full((1, 1, 5, 5), -1.0)
    image[..., 2:] = 1
    expected = torch.full((5, 5), -1.0)
    expected[:, 1:3] = 1
    assert torch.equal(edges(image)[0, 0], expected)
    values = np.random.default_rng(0).integers(0, 256, (2, 3, 6, 7), np.uint8)
    made = levels(open_pairs(values, "edges").rows(np.arange(2))["source"]).astype(int)
    gray = levels(open_data(values, channels=1).rows(np.arange(2))["image"]).astype(int)[:, 0]
    padded = np.pad(gray, ((0, 0), (1, 1), (1, 1)), mode="edge")
    shifted = [padded[:, y : y + 6, x : x + 7] for y in range(3) for x in range(3)]
    assert np.abs(made[:, 0] - (np.max(shifted, 0) - np.min(shifted, 0))).max() == 0


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_smaller_is_the_bicubic_of_pillow(factor: int) -> None:
    values = np.random.default_rng(1).integers(0, 256, (2, 24, 36, 3), np.uint8)
    pairs = open_pairs(values, f"smaller-{factor}")
    assert pairs.facts()["source"] == (3, 24 // factor, 36 // factor) and pairs.image == (3, 24, 36)
    made = levels(pairs.rows(np.arange(2))["source"]).transpose(0, 2, 3, 1).astype(int)
    for image, small in zip(values, made, strict=True):
        size = (36 // factor, 24 // factor)
        other = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)).astype(int)
        assert np.abs(small - other).max() <= 1  # Pillow rounds between its two passes
    flat = smaller(torch.full((1, 1, 8, 8), 0.5), 4)
    assert torch.allclose(flat, torch.full((1, 1, 2, 2), 0.5), atol=1 / 255)


def test_what_is_made_is_made_of_the_crop_that_is_shown(photos: Path) -> None:
    pairs = open_pairs(photos, "smaller-2", fit="random", size=8, mirror=True)
    indices = pairs.order(3).at(np.arange(20))
    rows = pairs.rows(indices)
    assert rows["source"].shape == (20, 3, 4, 4) and rows["target"].shape == (20, 3, 8, 8)
    assert torch.equal(rows["source"], smaller(rows["target"], 2))
    with Loader(pairs, seed=3, batch=4) as one, Loader(pairs, seed=3, batch=4, position=8) as other:
        third = [one.next() for _ in range(3)][2]
        assert torch.equal(other.next()["source"], third["source"])
    ranks = [Loader(pairs, seed=3, batch=4, rank=rank, world=2, position=8) for rank in range(2)]
    shares = [loader.next()["target"] for loader in ranks]
    assert torch.equal(torch.cat(shares), third["target"])
    for loader in ranks:
        loader.close()


def test_halves_are_cropped_at_one_place(folder: Make) -> None:
    rng = np.random.default_rng(0)
    half = [rng.integers(0, 200, (20, 14, 3), dtype=np.uint8) for _ in range(3)]
    place = folder({f"{i}.png": png(np.concatenate([one, one + 50], 1)) for i, one in enumerate(half)})
    pairs = open_pairs(place, "left", fit="random", size=8, mirror=True)
    rows = pairs.rows(pairs.order(0).at(np.arange(30)))
    assert np.array_equal(levels(rows["source"]) + 50, levels(rows["target"]))
    assert len({one.tobytes() for one in levels(rows["source"])}) > 20


def test_pairs_of_one_source_are_split_together(photos: Path) -> None:
    pairs = open_pairs(photos, "gray")
    rest, out = pairs.split(2)
    assert type(rest) is type(pairs) and (len(rest), len(out)) == (4, 2)
    assert out.target.names == open_data(photos).split(2)[1].names == out.source.names
    rows = out.rows(np.arange(2))
    assert torch.equal(rows["source"], open_data(photos, channels=1).split(2)[1].rows(np.arange(2))["image"])


def test_each_way_of_making_pairs_is_another_fingerprint(photos: Path) -> None:
    found = {open_pairs(photos, how).fingerprint for how in SOURCE_FROM if how != "smaller-3"}
    assert len(found) == 6 and open_pairs(photos, "gray").fingerprint in found
    older = {open_pairs(photos, how).older_fingerprint for how in ("gray", "edges")}
    assert len(older | {open_data(photos).older_fingerprint}) == 3


def test_what_cannot_be_made_is_refused(photos: Path) -> None:
    with pytest.raises(DataError, match="source_from is 'sepia'; expected one of left, right, gray, edges"):
        open_pairs(photos, "sepia")
    with pytest.raises(DataError, match=r"multiples of 3, but the images are 12×16; give --size 12x15"):
        open_pairs(photos, "smaller-3")
    with pytest.raises(DataError, match="the images are gray already; give --channels 3"):
        open_pairs(photos, "gray", channels=1)
    with pytest.raises(DataError, match="edges is made of gray or RGB images, but these have 4 channels"):
        open_pairs(photos, "edges", channels=4)


def test_a_run_keeps_how_its_pairs_are_made(photos: Path) -> None:
    for how in ("right", "edges"):
        sources = given_data(str(photos), ImageOptions(size=12), source_from=how)
        assert isinstance(sources, Sources) and sources.table()["source_from"] == how
        again = Sources.of(sources.table())
        assert again == sources and again.open().fingerprint == sources.open().fingerprint
    assert "source_from" not in Sources(data=(str(photos),)).table()


def test_arrays_are_paired_by_the_option_too() -> None:
    images = np.zeros((4, 3, 8, 8), np.uint8)
    assert set(given_data(images, ImageOptions(), source_from="gray").rows(np.arange(1))) == {
        "source",
        "target",
    }


def test_pairs_asked_for_of_the_wrong_number_of_sources(photos: Path) -> None:
    place = str(photos)
    with pytest.raises(UserError, match="two data sources given, and --source-from gray makes pairs of one"):
        Sources(data=(place, place), source_from="gray").open()
    with pytest.raises(UserError, match="two domains; give both: --data SOURCE --data TARGET, or --source-f"):
        Sources(data=(place,), paired=True).open()
    with pytest.raises(UserError, match="two domains; give both"):
        given_data(place, ImageOptions(), paired=True)
    with pytest.raises(UserError, match="give their places, or a gancore.data.Paired"):
        given_data(np.zeros((2, 3, 4, 4), np.uint8), ImageOptions(), paired=True)
    with pytest.raises(UserError, match="these are open already"):
        given_data(open_data(place), ImageOptions(), source_from="gray")
