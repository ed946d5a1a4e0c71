"""A picture of one's own: taken, projected in the background, canceled, refused."""

import json

import numpy as np
import pytest
import torch
import walks
from PIL import Image
from talking import ended, error, file_of, picture, post, send, talk, told

from gancore.explorer import answer
from gancore.explorer import server as server_room
from gancore.latent.walk import Walk
from gancore.pictures.grid import to_pil


@pytest.fixture
def wanted(server):
    """A picture that the generator can make."""
    return to_pil(server.session.walk.image({"seed": 5}))[0]


def test_a_picture_is_projected_to_a_view_like_it(server, wanted):
    begun = json.loads(send(server, "/project", file_of(wanted), {"space": "w", "steps": 150})[1])
    assert begun["total"] == 150 and not begun["ended"]
    assert post(server, "/image", {"seed": 1})[0].status == 200
    found = ended(server, begun["job"])
    assert found["done"] == 150 and found["view"]["space"] == "w" and len(found["view"]["start"]) == 6
    near, far = (
        np.abs(picture(post(server, "/image", view)[1]).astype(int) - np.asarray(wanted)).mean()
        for view in (found["view"], {"seed": 0, "truncation": 0, "space": "w"})
    )
    assert near < far / 2


def test_a_latent_is_found_for_the_label_asked_for(serve, tmp_path):
    with serve(walks.labeled(), tmp_path) as server:
        image = to_pil(server.session.walk.image({"seed": 5, "label": 2}))[0]
        begun = json.loads(send(server, "/project", file_of(image), {"steps": 3, "label": 2})[1])
        view = ended(server, begun["job"])["view"]
        assert view["label"] == 2 and view["space"] == "z" and len(view["start"]) == 6
        images = [post(server, "/image", {**view, "label": label})[1] for label in (0, 2)]
        assert images[0] != images[1]


def test_another_size_and_other_channels_are_fitted(server, wanted):
    gray = wanted.resize((30, 20)).convert("L")
    for fit in ("crop", "pad", "stretch"):
        content = file_of(gray, "JPEG")
        begun = json.loads(send(server, "/project", content, {"space": "w", "steps": 1, "fit": fit})[1])
        assert "view" in ended(server, begun["job"])


def test_a_projection_is_canceled_and_only_one_runs_at_a_time(server, wanted):
    begun = json.loads(send(server, "/project", file_of(wanted), {"steps": 5000})[1])
    answered, content = send(server, "/project", file_of(wanted), {"steps": 1})
    assert answered.status == 400 and "another picture is being projected" in error(content)
    told(server, "/cancel", {"job": begun["job"]})
    found = ended(server, begun["job"])
    assert found["done"] < 5000 and "view" not in found and "error" not in found
    again = json.loads(send(server, "/project", file_of(wanted), {"steps": 1})[1])
    assert ended(server, again["job"])["done"] == 1


@pytest.mark.parametrize(
    ("content", "request_", "text"),
    [
        (b"", {}, "the picture cannot be read (the file is empty)"),
        (b"no picture", {}, "not a picture of a known format"),
        (b"\x89PNG\r\n\x1a\n", {}, "the picture cannot be read"),
        (None, [], "project takes a table with space, fit, steps, label"),
        (None, {"steps": 3.0}, "steps is a whole number from 1 to 5000; got 3.0"),
        (None, {"steps": 0}, "steps is a whole number"),
        (None, {"steps": True}, "steps is a whole number"),
        (None, {"fit": ["crop"]}, "fit is one of crop, pad, stretch"),
        (None, {"space": {}}, "space is one of z, w"),
        (None, {"label": 1.5}, "label is a class"),
        (None, {"seed": 1}, "project takes a table"),
    ],
    ids=str,
)
def test_what_cannot_be_projected_is_refused(server, wanted, content, request_, text):
    answered, said = send(server, "/project", file_of(wanted) if content is None else content, request_)
    assert answered.status == 400 and text in error(said)


def test_a_label_that_is_not_read_is_said(server, wanted):
    begun = json.loads(send(server, "/project", file_of(wanted), {"label": 1})[1])
    assert "reads no labels" in ended(server, begun["job"])["error"]


def test_pictures_are_bounded_and_come_from_this_page_alone(server, wanted, monkeypatch):
    for more in (
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ):
        assert send(server, "/project", file_of(wanted), {}, **more)[0].status == 403
    for kind in ("image/png", "text/plain", "multipart/form-data", "application/json"):
        assert send(server, "/project", file_of(wanted), {}, **{"Content-Type": kind})[0].status == 415
    monkeypatch.setattr(server_room, "LARGEST_PICTURE", 100)
    answered, said = send(server, "/project", bytes(101), {})
    assert answered.status == 413 and "at most 100 bytes" in error(said)


def test_a_network_that_breaks_is_said(serve, tmp_path, wanted, capsys):
    pipeline = walks.plain()
    with serve(pipeline, tmp_path) as server:
        pipeline.generator.forward = lambda code: 1 / 0
        begun = json.loads(send(server, "/project", file_of(wanted), {})[1])
        assert ended(server, begun["job"])["error"].startswith("ZeroDivisionError on the server")
    assert capsys.readouterr().err == "gancore: ZeroDivisionError: division by zero\n"


def test_an_unknown_projection_is_refused(server):
    for request in ({"job": "x"}, {"job": []}, {}, 7, []):
        for path in ("/progress", "/cancel"):
            answered, said = post(server, path, request)
            assert answered.status == 400 and "no such projection" in error(said)


def test_the_server_ends_while_a_picture_is_projected(serve, tmp_path, wanted, capsys):
    with serve(walks.plain(), tmp_path) as server:
        send(server, "/project", file_of(wanted), {"steps": 5000})
    assert capsys.readouterr().err == ""


def test_the_page_knows_how_large_a_picture_may_be(server):
    assert json.loads(talk(server, "GET", "/about")[1])["largest_picture"] == answer.LARGEST_PICTURE


# views that start from given numbers


def test_a_start_in_w_is_a_code_that_moves_and_is_truncated():
    walk = Walk(walks.layered())
    code = walk.place({"seed": 3}).code
    for start in (code[0, 0].tolist(), code.flatten().tolist()):
        assert torch.equal(walk.place({"space": "w", "start": start}).code, code)
        place = walk.place({"space": "w", "start": start, "truncation": 0.0})
        assert (
            torch.allclose(place.code, walk.pipeline.conditioner.mean.expand(1, 4, 6))
            and place.latent is None
        )
    moved = walk.place({"space": "w", "start": start, "principal": [1.0]}).code - code
    assert torch.allclose(
        moved, walk.place({"seed": 3, "space": "w", "principal": [1.0]}).code - code, atol=1e-6
    )


def test_a_start_in_z_is_a_latent():
    for walk in (Walk(walks.layered()), Walk(walks.plain()), Walk(walks.labeled())):
        more = {"label": 1} if walk.classes else {}
        there = walk.place({"seed": 3, **more})
        place = walk.place({"seed": 9, "start": there.latent.flatten().tolist(), **more})
        assert torch.equal(place.code, there.code) and torch.equal(place.latent, there.latent)


def test_a_start_of_another_length_is_refused(server):
    assert "a start has 24 numbers here; got 3" in error(
        post(server, "/image", {"space": "w", "start": [1, 2, 3]})[1]
    )
    for start in ("123", [1e9], [None], {"a": 1}, [0] * 70_000):
        assert post(server, "/image", {"start": start})[0].status == 400


def test_the_snippet_of_a_picture_makes_it_again(server, tmp_path, monkeypatch):
    view = {"seed": 0, "space": "w", "start": [0.5, 0.1, 0.0, 1.2, 0.3, 0.7]}
    monkeypatch.chdir(tmp_path)
    exec(told(server, "/snippet", view)["python"], {})
    assert np.array_equal(np.asarray(Image.open("image.png")), picture(post(server, "/image", view)[1]))
