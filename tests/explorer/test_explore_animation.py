"""An animation through several views."""

import io

import pytest
from PIL import Image, ImageSequence
from talking import error, post

PINS = [{"seed": 1}, {"seed": 2, "space": "w", "shift": [1, 0]}, {"seed": 3}]


def frames_of(content):
    return [frame.convert("RGB") for frame in ImageSequence.Iterator(Image.open(io.BytesIO(content)))]


def test_it_goes_from_view_to_view_and_back_to_the_first(server):
    request = {"through": PINS, "space": "w", "kind": "linear", "frames": 4}
    answer, content = post(server, "/animation", request)
    assert answer.headers["Content-Type"] == "image/gif"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="walk.gif"'
    frames = frames_of(content)
    assert len(frames) == 12 and frames[0].size == (256, 256)
    for frame, view in zip(frames[::4], PINS, strict=True):
        image = Image.open(io.BytesIO(post(server, "/image", view)[1]))
        unlike = [abs(a - b) for a, b in zip(frame.resize((8, 8), 0).tobytes(), image.tobytes(), strict=True)]
        assert sum(unlike) / len(unlike) < 4


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ([], "animation takes a table with through, space, kind, frames"),
        ({"through": PINS, "x": 1}, "animation takes a table"),
        ({"through": PINS[:1]}, "through is a list of 2 to 24 views"),
        ({"through": PINS * 9}, "through is a list of 2 to 24 views"),
        ({"through": PINS, "frames": 2.0}, "frames is a whole number from 1 to 60; got 2.0"),
        ({"through": PINS, "frames": 10**9}, "frames is a whole number"),
        ({"through": PINS, "space": "x"}, "space is z or w"),
        ({"through": PINS, "kind": 1}, "kind is "),
        ({"through": PINS, "space": "z"}, "interpolate between them in space w"),
        ({"through": [1, 2]}, "a view is a table"),
    ],
    ids=str,
)
def test_what_cannot_be_walked_is_refused(server, request_, text):
    answer, content = post(server, "/animation", request_)
    assert answer.status == 400 and text in error(content)
