"""The page of translators over real sockets, and in a browser: a picture before and after."""

import json

import numpy as np
import pytest
from PIL import Image
from runs import begin, sources
from small import know_small_parts
from talking import error, file_of, picture, post, send, talk
from translators import Doubled, Negative, between_images, know_translators

from gancore.data import ImageOptions
from gancore.explorer.shelf import Shelf, shelves_of
from gancore.explorer.translator import Translators
from gancore.runs.folder import RunFolder
from gancore.verbs.explore import explored


def colors(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for i in range(14):
        colors(8, 8, i).save(folder / f"{i:02d}.png")
    (folder / "14.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def running(serving_of, photos, tmp_path_factory):
    made = {
        "forward": between_images(Negative(image=(3, 8, 8)), reads="source"),
        "backward": between_images(Doubled(image=(3, 16, 16)), reads="target"),
    }
    shelves = {"source": Shelf(str(photos), ImageOptions()), "target": Shelf("nowhere", ImageOptions())}
    with serving_of(Translators(made, tmp_path_factory.mktemp("runs") / "0004-both", shelves)) as server:
        yield server


def test_about_says_what_each_translator_reads_and_makes(running):
    about = json.loads(talk(running, "GET", "/about")[1])
    assert about["name"] == "0004-both"
    there, back = about["directions"]
    assert (there["name"], there["reads"], there["makes"]) == ("forward", "source", "target")
    assert there["pictures"] == 15 and there["fits"] == ["crop", "pad", "stretch"] and there["classes"] == 0
    assert back["pictures"] == 0 and back["fits"][0] == "keep" and back["shape"] == [3, 8, 8]
    assert b'id="both"' in talk(running, "GET", "/")[1]


def test_a_picture_is_seen_before_and_after(running):
    content = file_of(colors(8, 8))
    before, after = (picture(send(running, path, content, {})[1]) for path in ("/before", "/after"))
    assert (
        np.array_equal(before, np.asarray(colors(8, 8)))
        and np.abs(before.astype(int) + after - 255).max() <= 1
    )


def test_other_sizes_are_fitted_or_kept(running):
    content = file_of(colors(12, 9).convert("L"))
    assert picture(send(running, "/after", content, {"fit": "pad"})[1]).shape == (8, 8, 3)
    kept = {"direction": "backward"}
    assert picture(send(running, "/before", content, kept)[1]).shape == (12, 9, 3)
    assert picture(send(running, "/after", content, kept)[1]).shape == (24, 18, 3)
    assert picture(send(running, "/after", content, {**kept, "fit": "crop"})[1]).shape == (16, 16, 3)


def test_large_pictures_are_reduced_where_sizes_are_kept(running, monkeypatch):
    monkeypatch.setattr("gancore.explorer.translator.LONGEST_SIDE", 20)
    content = file_of(colors(30, 40))
    assert picture(send(running, "/after", content, {"direction": "backward"})[1]).shape == (30, 40, 3)


def test_pictures_of_the_data_are_shown(running, photos):
    answer, content = post(running, "/data", {"direction": "forward", "index": 3})
    assert answer.headers["Content-Type"] == "image/png"
    assert np.array_equal(picture(content), np.asarray(Image.open(photos / "03.png")))


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"direction": "forward", "index": 15}, "there are 15 pictures; got number 15"),
        ({"direction": "forward", "index": -1}, "there are 15 pictures"),
        ({"direction": "forward", "index": 14}, "14.png cannot be read"),
        ({"direction": "forward", "index": 1.0}, "data takes"),
        ({"direction": "forward", "index": True}, "data takes"),
        ({"direction": "backward", "index": 0}, "there are 0 pictures"),
        ({"direction": "up", "index": 0}, "direction is one of forward, backward; got up"),
        ({"direction": ["forward"], "index": 0}, "direction is one of"),
        ({"index": 0, "path": "/etc/passwd"}, "a translation takes a table"),
        ([], "data takes"),
    ],
    ids=str,
)
def test_what_is_not_in_the_data_is_refused(running, request_, text):
    answer, content = post(running, "/data", request_)
    assert answer.status == 400 and text in error(content)


@pytest.mark.parametrize(
    ("content", "request_", "text"),
    [
        (b"", {}, "the picture cannot be read (the file is empty)"),
        (b"no picture", {}, "not a picture of a known format"),
        (None, {"fit": "keep"}, "fit is one of crop, pad, stretch; got keep"),
        (None, {"seed": 1.0}, "seed is a whole number"),
        (None, {"label": 1}, "reads no labels"),
        (None, {"x": 1}, "a translation takes a table with direction, fit, seed, label"),
        (None, 7, "a translation takes a table"),
    ],
    ids=str,
)
def test_what_cannot_be_translated_is_refused(running, content, request_, text):
    answer, said = send(running, "/after", file_of(colors(8, 8)) if content is None else content, request_)
    assert answer.status == 400 and text in error(said)


def test_translations_are_for_this_page_alone(running):
    for more in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        assert send(running, "/after", file_of(colors(8, 8)), {}, **more)[0].status == 403


def test_a_run_is_opened_with_all_its_translators_or_the_one_asked_for(tmp_path):
    know_translators()
    run = RunFolder(tmp_path / "0005-run")
    run.save_pipelines(
        {
            "there": between_images(Negative(image=(3, 8, 8))),
            "back": between_images(Negative(image=(3, 8, 8))),
        }
    )
    assert list(explored(run.path).pipelines) == ["there", "back"]
    assert list(explored(run.path, name="back").pipelines) == ["back"]
    assert shelves_of(run) == {}


def test_a_checkpoint_is_explored(tmp_path):
    run = RunFolder(tmp_path / "run")
    know_small_parts()
    begin(sources(tmp_path).open(), run.path, images=16)
    session = explored(run.checkpoints[0])
    assert session.about()["image"] == [3, 8, 8]
    session.close()


def says(page, words):
    page.wait_for_function("words => document.getElementById('status').textContent === words", arg=words)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_the_page_shows_before_and_after(visit, running, tmp_path, scheme, width):
    page = visit(running, scheme, (width, 900), ready="() => document.getElementById('after').src")
    assert "picture 0" in page.text_content("#status") and page.locator("#gallery img[src]").count() > 0
    page.locator("#at").fill("20")
    assert page.evaluate("document.getElementById('both').style.getPropertyValue('--at')") == "20%"
    colors(10, 8).save(tmp_path / "mine.png")
    page.set_input_files("#file", tmp_path / "mine.png")
    page.wait_for_function(
        "() => document.getElementById('status').textContent === 'mine.png · 8 × 8 to 8 × 8'"
    )
    page.click("#direction button:last-child")
    page.wait_for_function(
        "() => document.getElementById('status').textContent === 'mine.png · 8 × 10 to 16 × 20'"
    )
    assert page.is_hidden("#data") and page.text_content("#after-word") == "after: source"
    with page.expect_download() as waiting:
        page.click("#save-after")
    assert waiting.value.suggested_filename == "0004-both-after.png"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
