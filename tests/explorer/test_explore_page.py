"""The explorer in a real browser: what one drags, presses and saves.

Skipped without playwright or chromium. GANCORE_SCREENSHOTS names a folder that keeps the screenshots.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import walks
from PIL import Image

from gancore.latent.finding import ganspace
from gancore.latent.walk import Walk
from gancore.pictures.grid import to_pil


def shown(page, words=""):
    """The view that is seen, once it has the words."""
    page.wait_for_function(
        "words => document.getElementById('image').dataset.view?.includes(words)", arg=words
    )
    return json.loads(page.get_attribute("#image", "data-view"))


def after(page, act):
    """The view that is seen after doing something."""
    before = page.get_attribute("#image", "data-view")
    act()
    page.wait_for_function("before => document.getElementById('image').dataset.view !== before", arg=before)
    return settled(page)


def settled(page):
    """The view that is seen when nothing is under way, or after a while where something plays."""
    calm, before = 0, None
    for _ in range(40):
        page.wait_for_timeout(50)
        now = page.get_attribute("#image", "data-view")
        calm = calm + 1 if now == before and not page.under_way else 0
        before = now
        if calm == 4 or page.get_attribute("#play", "aria-pressed") == "true":
            break
    return json.loads(before)


def leave(page):
    """Asks nothing more of a server that ends before the test does."""
    page.goto("about:blank")


def drag(page, right, up):
    page.locator("#pad").scroll_into_view_if_needed()
    box = page.locator("#pad").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right * box["width"], y - up * box["height"], steps=6)
    page.mouse.up()


def set_range(page, chosen, value):
    page.locator(chosen).fill(str(value))


def saved(page, chosen, folder):
    with page.expect_download() as waiting:
        page.click(chosen)
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def pixels(view, pipeline):
    return np.asarray(to_pil(Walk(pipeline).image(view))[0])


def two_pins(page):
    page.click("#pin")
    page.wait_for_selector("#strip li:nth-child(1)")
    after(page, lambda: page.click("#random"))
    page.click("#pin")
    page.wait_for_selector("#strip li:nth-child(2)")
    page.wait_for_selector("#tools:not([hidden])")


@pytest.mark.slow
def test_dragging_on_the_pad_moves_the_image_and_its_neighbors(visit, server):
    page = visit(server)
    assert "principal" not in shown(page)
    sheet = page.eval_on_selector("#cells button", "cell => cell.style.backgroundImage")
    view = after(page, lambda: drag(page, 0.2, 0.3))
    assert view["principal"][0] == pytest.approx(0.2 * 8.8, abs=0.1) and view["principal"][
        1
    ] == pytest.approx(0.3 * 8.8, abs=0.1)
    page.wait_for_function(
        "old => document.querySelector('#cells button').style.backgroundImage !== old", arg=sheet
    )
    page.click("#along [data-value=shift]")
    view = after(page, lambda: drag(page, -0.1, 0.1))
    assert view["shift"] == pytest.approx([-0.88, 0.88], abs=0.1)
    other = after(page, lambda: page.click("#redraw"))
    assert "shift" not in other and other["principal"] == view["principal"]
    assert after(page, lambda: page.click("#flatten")) == {"seed": 0, "space": "w"}


@pytest.mark.slow
def test_the_pad_moves_by_keys(visit, server):
    page = visit(server)
    page.click("#along [data-value=shift]")
    page.focus("#pad")
    assert after(page, lambda: page.keyboard.press("ArrowRight"))["shift"] == [0.1, 0]
    assert after(page, lambda: page.keyboard.press("Shift+ArrowUp"))["shift"] == [0.1, 1]
    for _ in range(9):
        page.keyboard.press("Shift+ArrowUp")
    shown(page, "[0.1,4]")
    assert "shift" not in after(page, lambda: page.keyboard.press("Home"))
    assert after(page, lambda: page.keyboard.press("r"))["seed"] != 0


@pytest.mark.slow
def test_a_neighbor_is_moved_to(visit, server):
    page = visit(server)
    page.click("#size [data-value='5']")
    page.wait_for_selector("#cells button:nth-child(25)")
    assert after(page, lambda: page.click("#cells button:nth-child(5)"))["principal"] == [2, 2]
    set_range(page, "#step", 0.5)
    assert after(page, lambda: page.click("#cells button:nth-child(1)"))["principal"] == [1, 3]


def test_seed_truncation_and_sliders_change_the_image(visit, server):
    page = visit(server)
    assert after(page, lambda: page.fill("#seed", "12"))["seed"] == 12
    assert after(page, lambda: set_range(page, "#truncation", 0.5))["truncation"] == 0.5
    assert after(page, lambda: set_range(page, "#sliders li:nth-child(3) input", -1.5))["principal"] == [
        0,
        0,
        -1.5,
    ]
    assert after(page, lambda: page.click("#space [data-value=z]")) == {"seed": 12, "truncation": 0.5}
    assert page.text_content("#status") == "seed 12 · truncation 0.5"
    page.wait_for_function("location.hash.includes('truncation')")
    page.reload()
    assert shown(page) == {"seed": 12, "truncation": 0.5}


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=str)
def test_the_image_stays_in_view_while_a_slider_moves(visit, server, size):
    page = visit(server, size=size)
    page.locator("#sliders li:last-child input").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#sliders li:last-child').scrollIntoView({ block: 'end' })")
    after(page, lambda: set_range(page, "#sliders li:last-child input", 2))
    image, slider = (
        page.locator(chosen).bounding_box() for chosen in ("#image", "#sliders li:last-child input")
    )
    assert image["y"] >= 0 and image["y"] + image["height"] <= size[1] and image["height"] > 150
    apart = slider["y"] > image["y"] + image["height"] or slider["x"] > image["x"] + image["width"]
    assert apart and page.evaluate("scrollX") == 0


def test_sliders_fill_from_the_middle_between_pictures_of_both_ends(visit, server):
    page = visit(server)
    filled = "document.querySelector('#sliders li:nth-child(2) input').style.getPropertyValue('--at')"
    assert page.evaluate(filled) == "0.5"
    after(page, lambda: set_range(page, "#sliders li:nth-child(2) input", -2))
    assert page.evaluate(filled) == "0.25"
    page.wait_for_function(
        "() => document.querySelectorAll('#sliders li:last-child img[data-view*=\",-2\"]').length === 2"
    )
    ends = page.locator("#sliders li:nth-child(1) img")
    assert [json.loads(ends.nth(i).get_attribute("data-view"))["principal"] for i in range(2)] == [
        [-3, -2],
        [3, -2],
    ]
    assert after(page, lambda: page.click("#sliders li:nth-child(4) button:last-child"))["principal"] == [
        0,
        -2,
        0,
        3,
    ]


def test_a_seed_is_picked_from_the_gallery(visit, server):
    page = visit(server)
    after(page, lambda: set_range(page, "#truncation", 0.5))
    page.click("#seeds-on")
    page.wait_for_function("() => document.querySelector('#seeds img').dataset.view?.includes('12')")
    assert page.text_content("#seeds-shown") == "12 – 23"
    view = after(page, lambda: page.click("[aria-label='seed 14']"))
    assert view == {"seed": 14, "truncation": 0.5, "space": "w"}
    assert page.get_attribute("[aria-label='seed 14']", "aria-pressed") == "true"
    assert json.loads(page.get_attribute("[aria-label='seed 14'] img", "data-view")) == view


def test_directions_of_a_file_are_named(visit, serve, layered_run):
    directions = replace(ganspace(walks.layered(), 2), names=("age", "smile"))
    with serve(walks.layered(), layered_run, directions=directions) as server:
        page = visit(server)
        assert page.text_content("#directions-title") == "Directions: ganspace"
        assert page.locator("#sliders span").all_text_contents() == ["age", "smile"]
        assert after(page, lambda: set_range(page, "#sliders li:nth-child(2) input", 2))["principal"] == [
            0,
            2,
        ]
        after(page, lambda: page.click("#space [data-value=z]"))
        assert page.text_content("#directions-title") == "Principal directions"
        leave(page)


@pytest.mark.slow
def test_pins_are_gone_between_played_and_mixed(visit, server):
    page = visit(server)
    two_pins(page)
    view = after(page, lambda: set_range(page, "#at", 0.25))
    assert view["at"] == 0.25 and view["space"] == "w" and view["between"][0]["seed"] == 0
    one = page.get_attribute("#image", "src")
    assert after(page, lambda: page.click("#between-space [data-value=z]"))["kind"] == "spherical"
    assert page.get_attribute("#image", "src") != one
    seen = {after(page, lambda: page.click("#play"))["at"]}
    for _ in range(3):
        seen.add(after(page, lambda: None)["at"])
    page.click("#play")
    assert len(seen) > 2 and page.get_attribute("#play", "aria-pressed") == "false"
    view = after(page, lambda: page.click("#layers button:nth-child(2)"))
    assert view["layers"] == [1] and view["mix"] == [{"seed": 0, "space": "w"}, view["mix"][1]]
    assert after(page, lambda: page.click("#presets [data-part='2']"))["layers"] == [3]
    swapped = after(page, lambda: page.click("#swap"))
    assert swapped["mix"] == view["mix"][::-1]
    assert after(page, lambda: page.click("#strip li:nth-child(1) .thumb")) == {"seed": 0, "space": "w"}
    page.hover("#strip li:nth-child(1)")
    page.click("#strip li:nth-child(1) .remove")
    page.wait_for_selector("#tools", state="hidden")


@pytest.mark.slow
def test_pins_are_saved_as_an_animation(visit, server, tmp_path):
    page = visit(server)
    two_pins(page)
    assert page.is_hidden("#save-gif-all")
    path = saved(page, "#save-gif", tmp_path)
    assert path.name == "0003-layers-walk.gif" and Image.open(path).n_frames > 24
    page.wait_for_selector("#save-gif:enabled")
    after(page, lambda: page.click("#random"))
    page.click("#pin")
    page.wait_for_selector("#save-gif-all:not([hidden])")
    assert Image.open(saved(page, "#save-gif-all", tmp_path)).n_frames > 48


def drop(page, path):
    """Drops a file on the page."""
    page.evaluate(
        """([name, bytes]) => {
            const moved = new DataTransfer();
            const type = name.endsWith("png") ? "image/png" : "";
            moved.items.add(new File([new Uint8Array(bytes)], name, { type }));
            for (const kind of ["dragover", "drop"]) document.body.dispatchEvent(
                new DragEvent(kind, { dataTransfer: moved, bubbles: true, cancelable: true }));
        }""",
        [path.name, list(path.read_bytes())],
    )


def says(page, words):
    page.wait_for_function(
        "words => document.getElementById('own-note').textContent.includes(words)", arg=words
    )


def test_a_picture_of_ones_own_is_projected_and_moved(visit, server, tmp_path):
    page = visit(server)
    to_pil(server.session.walk.image({"seed": 5}))[0].resize((40, 30)).save(tmp_path / "mine.png")
    page.fill("#own-steps", "30")
    drop(page, tmp_path / "mine.png")
    says(page, "Found in 30 steps")
    view = json.loads(page.get_attribute("#image", "data-view") or "{}")
    view = view if "start" in view else shown(page, "start")
    assert len(view["start"]) == 6 and "your own picture" in page.text_content("#status")
    moved = after(page, lambda: set_range(page, "#sliders li:nth-child(1) input", 1))
    assert moved == {**view, "principal": [1]}
    page.fill("#own-steps", "5000")
    page.click("#own-begin")
    says(page, "Step ")
    page.click("#own-cancel")
    says(page, "Canceled after")
    assert page.is_enabled("#own-begin") and page.is_disabled("#own-cancel")
    assert "start" not in after(page, lambda: page.click("#random"))


def test_a_file_that_is_no_picture_is_refused_kindly(visit, server, tmp_path):
    page = visit(server)
    (tmp_path / "notes.txt").write_text("no picture")
    drop(page, tmp_path / "notes.txt")
    says(page, "notes.txt is no picture that is read here")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    page.set_input_files("#own-file", tmp_path / "broken.png")
    says(page, "the picture cannot be read")
    page.complaints.clear()  # the browser notes each answer that is an error


def test_what_is_seen_is_saved_and_can_be_made_again(visit, server, tmp_path, monkeypatch):
    page, pipeline = visit(server), server.session.walk.pipeline
    first = np.asarray(Image.open(saved(page, "#save-image", tmp_path)))
    view = after(page, lambda: drag(page, 0.1, -0.2))
    path = saved(page, "#save-image", tmp_path)
    now = np.asarray(Image.open(path))
    assert path.name == "0003-layers.png" and np.array_equal(now, pixels(view, pipeline))
    assert np.abs(now.astype(int) - first).mean() > 3
    code = np.load(saved(page, "#save-latent", tmp_path))
    assert code.shape == (1, 4, 6) and np.array_equal(code, Walk(pipeline).place(view).code)
    page.wait_for_timeout(200)
    assert Image.open(saved(page, "#save-grid", tmp_path)).size == (24, 24)
    monkeypatch.chdir(tmp_path)
    page.wait_for_function(
        "words => document.getElementById('python').textContent.includes(words)",
        arg=str(view["principal"][1]),
    )
    exec(page.text_content("#python"), {})
    assert np.array_equal(np.asarray(Image.open("image.png")), pixels(view, pipeline))


@pytest.mark.slow
def test_classes_are_chosen_and_mixed(visit, serve, tmp_path):
    with serve(walks.labeled(), tmp_path) as running:
        page = visit(running)
        assert shown(page)["label"] == 0
        assert after(page, lambda: page.select_option("#label", "2"))["label"] == 2
        assert after(page, lambda: page.select_option("#label-other", "1"))["label"] == [0, 0.5, 0.5]
        assert after(page, lambda: set_range(page, "#label-mix", 0.2))["label"] == [0, 0.2, 0.8]
        assert after(page, lambda: page.select_option("#label-other", ""))["label"] == 2
        leave(page)


def test_classes_are_called_by_their_names(visit, serve, tmp_path):
    with serve(walks.labeled(names=("cat", "dog", "owl")), tmp_path) as running:
        page = visit(running)
        assert page.locator("#label option").all_text_contents() == ["cat", "dog", "owl"]
        assert after(page, lambda: page.select_option("#label", label="owl"))["label"] == 2
        leave(page)


@pytest.mark.slow
def test_rows_of_numbers_are_chosen_one_at_a_time(visit, serve, tmp_path):
    with serve(walks.labeled(names=("red", "round", "big"), rows=True), tmp_path) as running:
        page = visit(running)
        assert "label" not in shown(page)
        assert after(page, lambda: page.select_option("#label", label="round"))["label"] == [0, 1, 0]
        assert after(page, lambda: page.select_option("#label-other", "2"))["label"] == [0, 0.5, 0.5]
        leave(page)
    with serve(walks.labeled(rows=True), tmp_path) as running:
        page = visit(running)
        assert "label" not in shown(page) and page.is_hidden("#label-fields")
        leave(page)


def test_a_pipeline_without_w_says_so_kindly(visit, serve, tmp_path):
    with serve(walks.plain(), tmp_path) as running:
        page = visit(running)
        assert (
            page.is_disabled("#truncation")
            and page.is_visible("#truncation-note")
            and page.is_visible("#space-note")
        )
        assert page.is_hidden("#space-fields .row")
        two_pins(page)
        assert "no layers to mix" in page.text_content("#mixing-note") and page.is_hidden("#layers")
        assert after(page, lambda: set_range(page, "#at", 0.75))["kind"] == "spherical"
        leave(page)


def test_a_server_that_ended_is_said(visit, serve, tmp_path):
    with serve(walks.plain(), tmp_path) as running:
        page = visit(running)
        page.route("**/image", lambda route: route.abort())
        page.click("#random")
        page.wait_for_selector("#trouble:not([hidden])")
        assert page.text_content("#trouble") == "gancore explore does not answer; is it still running?"
        page.complaints.clear()
        leave(page)


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1440), ("dark", 1440), ("dark", 820), ("light", 390)]
)
def test_it_fits_and_is_kept_as_a_picture(visit, server, tmp_path, scheme, width):
    page = visit(server, scheme, (width, 1000))
    two_pins(page)
    after(page, lambda: set_range(page, "#at", 0.5))
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    channels = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"
    )
    assert (sum(channels) < 200) == (scheme == "dark")
    folder = Path(os.environ.get("GANCORE_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=folder / f"explore-{scheme}-{width}.png", full_page=True)
    assert Image.open(folder / f"explore-{scheme}-{width}.png").width == width


def test_the_scheme_is_switched(visit, server):
    page = visit(server)
    page.click("[data-theme-switch]")
    assert page.get_attribute("html", "data-theme") == "dark"
