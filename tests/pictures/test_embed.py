import base64
import os
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gancore.pictures.embed import data_uris


def png(side, mode="RGB"):
    content = BytesIO()
    Image.frombytes(mode, (side, side), os.urandom(side * side * len(mode))).save(content, "PNG")
    return content.getvalue()


def decoded(uri):
    head, _, body = uri.partition(",")
    return head, base64.b64decode(body)


def painting(side, tile=8):
    """Squares of one color each."""
    content = BytesIO()
    small = Image.frombytes("RGB", (side // tile,) * 2, os.urandom((side // tile) ** 2 * 3))
    small.resize((side, side), Image.Resampling.NEAREST).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("content", [png(8), png(8, "RGBA"), painting(64)])
def test_what_is_small_stays_as_it_is_to_the_bit(content):
    found, reduced = data_uris({"a": content}, 10_000)
    picture, before = Image.open(BytesIO(decoded(found["a"])[1])), Image.open(BytesIO(content))
    assert not reduced and picture.convert(before.mode).tobytes() == before.tobytes()
    assert len(decoded(found["a"])[1]) <= len(content)


def test_a_large_picture_is_a_fraction_of_its_size_and_looks_the_same():
    noise = np.random.default_rng(0).normal(size=(264, 264, 3)).cumsum(0).cumsum(1)
    pixels = (127 + 127 * np.tanh(noise / 150)).astype("uint8").repeat(2, 0).repeat(2, 1)
    content = BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    found, reduced = data_uris({"a": content.getvalue()}, 1_000_000)
    head, light = decoded(found["a"])
    assert not reduced and head == "data:image/webp;base64" and len(light) < 0.4 * len(content.getvalue())
    shown = np.asarray(Image.open(BytesIO(light)).convert("RGB"), dtype=float)
    assert shown.shape == pixels.shape and np.abs(shown - pixels).mean() < 4


def test_what_does_not_fit_is_reduced_until_it_does():
    files = {index: png(600) for index in range(4)}
    room = 900_000
    found, reduced = data_uris(files, room)
    assert reduced
    assert sum(map(len, found.values())) <= room * 1.05
    head, content = decoded(found[0])
    assert head == "data:image/webp;base64"
    assert Image.open(BytesIO(content)).size == (480, 480)


def test_transparency_is_kept():
    found, _ = data_uris({"a": png(600, "RGBA")}, 1000)
    assert Image.open(BytesIO(decoded(found["a"])[1])).mode == "RGBA"


def test_a_picture_torn_inside_is_left_as_it_is():
    torn = png(100)[:2000]
    found, _ = data_uris({"a": torn}, 100)
    assert decoded(found["a"]) == ("data:image/png;base64", torn)


def test_nothing_takes_no_room():
    assert data_uris({}, 100) == ({}, False)
