import base64
import os
from io import BytesIO

from PIL import Image

from gancore.pictures.embed import data_uris


def png(side, mode="RGB"):
    content = BytesIO()
    Image.frombytes(mode, (side, side), os.urandom(side * side * len(mode))).save(content, "PNG")
    return content.getvalue()


def decoded(uri):
    head, _, body = uri.partition(",")
    return head, base64.b64decode(body)


def test_what_fits_stays_as_it_is():
    content = png(8)
    found, reduced = data_uris({"a": content}, 10_000)
    assert not reduced
    assert decoded(found["a"]) == ("data:image/png;base64", content)


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
