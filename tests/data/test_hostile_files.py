"""Hostile images and archives: what they cost is bounded, and good images beside them are not lost."""

import gzip
import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from gancore.data import open_data
from gancore.data.decode import ORIENTATION, TURNED, decode
from gancore.data.source import Unreadable
from gancore.data.strips import by_strips
from gancore.errors import DataError

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from hostile.archives import archives
from hostile.judging import judge
from hostile.pictures import beyond, bombs, good, stuffed

OPTIONS = {"cache": "off", "unreadable": "skip", "size": 16, "channels": 3, "bits": 8}
STUFFED = stuffed(np.random.default_rng(0))
BEYOND = beyond()
SIDE, MEGABYTES = 2000, 80


def opened(folder):
    data = open_data(folder, **OPTIONS)
    return data.names, data.skipped, data.rows(np.array([data.names.index("good.png")]))["image"].shape


def beside_a_good_one(folder, name, content):
    (folder / name).write_bytes(content)
    (folder / "good.png").write_bytes(good())
    return judge(name, lambda: opened(folder))


@pytest.mark.parametrize("name", STUFFED)
def test_what_stands_around_an_image_costs_little(tmp_path, name):
    found = beside_a_good_one(tmp_path, name, STUFFED[name]())
    assert found.ending == "done" and found.megabytes < 100, found


@pytest.mark.parametrize("name", BEYOND)
def test_sizes_beyond_the_limit_are_refused_by_the_header(tmp_path, name):
    (tmp_path / name).write_bytes(BEYOND[name]())
    (tmp_path / "good.png").write_bytes(good())
    found = judge(
        name, lambda: open_data(tmp_path, **OPTIONS).names
    )  # tensors cost pages of torch's libraries
    assert found.ending == "done" and found.megabytes < 20, found
    names, skipped, _ = opened(tmp_path)
    assert names == ["good.png"] and [bad for bad, _ in skipped] == [name]


@pytest.mark.parametrize("size", [(1, 89_000_000), (89_000_000, 1), (1, 1_000_001)])
def test_a_side_beyond_the_limit_is_named(size):
    name = f"{size[0]}x{size[1]}.png"
    with pytest.raises(Unreadable) as refused:
        decode(BEYOND[name]())
    assert str(refused.value) == (
        f"{size[0]}×{size[1]} has a side of {max(size)} pixels, above the limit of 1000000; "
        "cut it into shorter images"
    )


def test_an_array_with_such_a_side_is_not_resized():
    column = np.zeros((1, 1, 1_000_001, 1), np.uint8)
    assert open_data(column, layout="NCHW").image == (1, 1_000_001, 1)
    with pytest.raises(DataError, match="cannot be resized: 1×1000001 has a side of 1000001 pixels"):
        open_data(column, layout="NCHW", size=16, cache="off").rows(np.array([0]))


def test_the_longest_side_is_read():
    out = io.BytesIO()
    Image.new("L", (1, 1_000_000), 7).save(out, "PNG")
    assert decode(out.getvalue()).pixels.shape == (1_000_000, 1, 1)


def test_no_image_takes_many_times_its_pixels(tmp_path):
    """Four million pixels each, while 89 million are read: none of these takes a gigabyte."""
    for name, content in bombs(SIDE):
        folder = tmp_path / name
        folder.mkdir()
        found = beside_a_good_one(folder, name, content)
        assert found.ending == "done" and found.megabytes < MEGABYTES, found


@pytest.mark.slow
def test_hostile_archives_cost_little(tmp_path):
    for name, content in archives(np.random.default_rng(0), 60, scale=0.02):
        path = tmp_path / name
        path.write_bytes(content)
        found = judge(name, lambda path=path: len(open_data(path, **OPTIONS)))
        assert not found.fallen and found.megabytes < 80, found


def test_a_packed_idx_file_unpacks_to_images_only(tmp_path):
    header = bytes([0, 0, 8, 3]) + b"".join(int(n).to_bytes(4, "big") for n in (64, 1024, 1024))
    with gzip.open(tmp_path / "x-images.idx3-ubyte.gz", "wb") as file:
        file.write(header + bytes(2**26))
    with pytest.raises(DataError, match="bytes unpack to 67108864, more than 200 times as many"):
        open_data(tmp_path / "x-images.idx3-ubyte.gz")


@pytest.mark.parametrize("name", ["x.npy", "x.zip", "x.png", "x-images.idx3-ubyte", "x"])
def test_a_pipe_is_no_data(tmp_path, name):

    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match="is no regular file"):
        open_data(tmp_path / name)


@pytest.mark.parametrize("orientation", [1, *TURNED])
def test_images_are_turned_as_pillow_turns_them(tmp_path, orientation):

    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "a.png")))
    found = open_data(tmp_path, cache="off").rows(np.array([0]))["image"][0]
    assert np.array_equal(np.rint((found.numpy() + 1) * 127.5).transpose(1, 2, 0), expected)


def test_strips_join_to_the_whole():
    whole = np.random.default_rng(0).integers(0, 256, (700, 300, 3), np.uint8)
    assert np.array_equal(by_strips(lambda start, end: whole[start:end], 700, 300), whole)
