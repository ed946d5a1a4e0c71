"""The report and the comparison in a real browser."""

import re

import pytest
from faked_runs import ALARM, FD, fake_run

from gancore.pictures.compare import write_comparison
from gancore.pictures.report import write_report
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log

PHONE = 390
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_report(fake_run(tmp_path_factory.mktemp("report") / "0001-dcgan", alarmed=True))


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    runs = [
        fake_run(folder / "0001-dcgan", alarmed=True),
        fake_run(folder / "0002-dcgan-wide", width=96, reach=0.5, shade=60),
        fake_run(folder / "0003-old", seed=4, scored=False, shade=90),
    ]
    return write_comparison(runs, folder / "compare.html", samples=0)


@pytest.fixture(params=["report", "comparison"])
def either(request):
    return request.getfixturevalue(request.param)


def shown(page):
    """The image counts of the sheets that can be seen."""
    return [
        int(count)
        for count in page.eval_on_selector_all(
            ".strip img:not([hidden])", "all => all.map(one => one.dataset.images)"
        )
    ]


def paths(page, board):
    """What the curves of a board are drawn along."""
    return page.eval_on_selector_all(
        f"#{board}-board .series .smooth", "all => all.map(one => one.getAttribute('d'))"
    )


def chart(page, term, board="curves"):
    return page.locator(f"#{board}-board .chart", has=page.locator(".term", has_text=term)).first


def drag(page, drawing, start, end):
    box = drawing.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, height, steps=4)
    page.mouse.up()


def test_it_opens_and_draws(visit, either):
    page = visit(either)
    for board in ("scores", "curves"):
        found = paths(page, board)
        assert found and all(re.match(r"M[\d.]+ [\d.]+h0L", path) for path in found)
    assert page.locator(".strip img:visible").count() == len(shown(page)) > 0
    assert page.evaluate("[...document.images].every(one => one.hidden || !one.src || one.naturalWidth > 0)")


@pytest.fixture
def loads(browser):
    """Opens a page with a clock that the test moves, and counts how often it was loaded."""
    context = browser.new_context()
    page, counted = context.new_page(), []
    page.clock.install()
    page.on("load", lambda _: counted.append(1))
    yield page, counted
    context.close()


def test_the_page_of_a_training_reads_itself_again_unless_it_is_being_used(loads, tmp_path):
    page, counted = loads
    folder = fake_run(tmp_path / "0001-dcgan")
    with Log(folder / "log.jsonl") as log:
        log.event("resumed", images=1000)
    with RunFolder(folder).lock():
        page.goto(write_report(folder).as_uri())
    assert re.match(r"updated \d+ s ago", page.inner_text(".written"))
    page.clock.run_for(10_000)
    page.mouse.move(100, 100)
    page.clock.run_for(10_000)
    assert len(counted) == 1, "it is being used"
    with page.expect_event("load"):
        page.clock.run_for(15_000)
    write_report(folder)  # now it is dead
    with page.expect_event("load"):
        page.clock.run_for(16_000)
    page.clock.run_for(120_000)
    assert len(counted) == 3 and page.locator(".written").count() == 0


def test_the_slider_moves_the_sheet(visit, report):
    page = visit(report)
    assert shown(page) == [1000]
    slider = page.locator(".timeline input")
    slider.fill("1")
    assert shown(page) == [250]
    assert page.locator(".timeline output").inner_text() == "250 images"
    slider.press("ArrowRight")
    assert shown(page) == [500]
    page.keyboard.press("ArrowLeft")
    assert shown(page) == [250]


def test_the_arrow_keys_move_it_from_anywhere(visit, report):
    page = visit(report)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert shown(page) == [500]


def test_play_runs_to_the_end(visit, report):
    page = visit(report)
    page.locator(".timeline input").fill("2")
    page.get_by_role("button", name="play").click()
    page.locator(".timeline output", has_text="1,000 images").wait_for()
    page.get_by_role("button", name="play").wait_for()


def test_one_slider_moves_all_runs(visit, comparison):
    page = visit(comparison)
    assert shown(page) == [1000, 500, 1000]
    page.locator(".timeline input").fill("1")
    assert shown(page) == [250, 250, 250]
    page.locator(".timeline input").fill("3")
    assert shown(page) == [750, 500, 750]
    assert page.locator(".strip .at.elsewhere").all_inner_texts() == ["500 images"]


def test_the_log_toggles_change_the_curves(visit, report):
    page = visit(report)
    linear = paths(page, "curves")
    page.locator("#curves-board [data-control=log-y]").check()
    risen = paths(page, "curves")
    assert risen[0] != linear[0], "generator/adversarial is positive"
    assert "linear: some values are not positive" in chart(page, "real scores").inner_text()
    page.locator("#curves-board [data-control=log-x]").check()
    assert paths(page, "curves")[0] != risen[0]
    page.locator("#curves-board [data-control=log-x]").uncheck()
    page.locator("#curves-board [data-control=log-y]").uncheck()
    assert paths(page, "curves") == linear


def test_smoothing_changes_the_line_and_keeps_the_values(visit, report):
    page = visit(report)
    smooth = paths(page, "curves")
    assert page.locator("#curves-board .raw").count() == len(smooth)
    page.locator("#curves-board [data-control=smoothing]").fill("0")
    assert paths(page, "curves") != smooth
    assert page.locator("#curves-board .raw").count() == 0
    assert page.locator("#curves-board output").inner_text() == "0.00"


def test_dragging_a_range_zooms_all_charts(visit, report):
    page = visit(report)
    before = paths(page, "scores"), paths(page, "curves")
    whole = page.get_by_role("button", name="reset zoom")
    assert whole.count() == 0
    drawing = chart(page, "adversarial").locator(".drawing")
    drawing.scroll_into_view_if_needed()
    drag(page, drawing, 0.4, 0.7)
    assert paths(page, "scores") != before[0] and paths(page, "curves") != before[1]
    whole.last.click()
    assert (paths(page, "scores"), paths(page, "curves")) == before


def test_a_click_is_no_zoom(visit, report):
    page = visit(report)
    before = paths(page, "curves")
    chart(page, "adversarial").locator(".drawing").click()
    assert paths(page, "curves") == before


def test_hovering_reads_the_values(visit, comparison):
    page = visit(comparison)
    drawing = chart(page, "adversarial").locator(".drawing")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    drawing.hover(position={"x": box["width"] * 0.3, "y": 60})
    readout = chart(page, "adversarial").locator(".readout")
    assert readout.is_visible()
    assert re.match(r"\d+ images\n", readout.inner_text())
    assert all(name in readout.inner_text() for name in ("0001-dcgan", "0002-dcgan-wide", "0003-old"))
    assert page.locator("#curves-board .cursor").count() > 1, "the place is shown on every chart"
    drawing.hover(position={"x": box["width"] * 0.9, "y": 60})
    assert "0002-dcgan-wide" not in readout.inner_text(), "it ended before"
    page.mouse.move(5, 5)
    assert readout.is_hidden()


def test_a_chart_can_be_read_with_the_keyboard(visit, report):
    page = visit(report)
    drawing = chart(page, "adversarial").locator(".drawing")
    drawing.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    assert re.match(r"(7|8)\d0 images", chart(page, "adversarial").locator(".readout").inner_text())
    assert shown(page) == [1000], "the sheets stay"


def test_scores_show_error_best_and_alarms(visit, report):
    page = visit(report)
    distance = chart(page, FD, "scores")
    assert distance.locator(".error").count() == 5
    assert distance.locator(".best").count() == 1
    assert "↓ lower is better" in distance.inner_text()
    assert "20 ± 0.5 · the best" in distance.inner_text()
    assert distance.locator(".alarm title").text_content() == f"{ALARM['name']} at 600 images"
    assert "best 0.192 at 800" in chart(page, "recall", "scores").inner_text()


def test_a_table_of_scores_unfolds_its_protocol(visit, report):
    page = visit(report)
    protocol = page.locator("#scores details.inner", has_text="protocol")
    assert protocol.locator("table").is_hidden()
    protocol.locator("summary").click()
    assert "emoji-1" in protocol.locator("table").inner_text()


def test_the_legend_puts_a_run_out_and_in(visit, comparison):
    page = visit(comparison)
    before = len(paths(page, "curves"))
    button = page.get_by_role("button", name="0002-dcgan-wide")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert len(paths(page, "curves")) == before - 3
    assert page.locator('.strip[data-run="1"]').is_hidden()
    button.click()
    assert len(paths(page, "curves")) == before
    assert page.locator('.strip[data-run="1"]').is_visible()


def test_all_runs_put_out_leave_empty_charts(visit, comparison):
    page = visit(comparison)
    for button in page.locator(".legend button").all():
        button.click()
    assert paths(page, "curves") == []
    assert page.locator("#curves-board .empty").count() == 3


def test_a_short_run_alone_has_the_whole_width(visit, comparison):
    page = visit(comparison)
    for name in ("0001-dcgan", "0003-old"):
        page.get_by_role("button", name=name).click()
    last = [float(path.rsplit("L", 1)[1].split()[0]) for path in paths(page, "curves")]
    width = chart(page, "adversarial").locator(".drawing").bounding_box()["width"]
    assert all(abs(x - (width - 12)) < 1 for x in last)


def test_links_lead_below_the_bars(visit, comparison):
    page = visit(comparison)
    page.get_by_role("link", name="Curves").click()
    top, bars = (page.locator(place).bounding_box() for place in ("#curves", ".legend"))
    assert bars["y"] + bars["height"] <= top["y"] < 300


def test_a_sheet_is_enlarged_by_a_click(visit, report):
    page = visit(report)
    page.locator(".strip img:visible").first.click()
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("dialog").is_hidden()


def test_light_and_dark_follow_the_system(visit, either, keep, request):
    name = request.node.callspec.params["either"]
    light, dark = (visit(either, scheme=scheme) for scheme in ("light", "dark"))
    assert light.evaluate(BACKGROUND) == "rgb(245, 246, 248)"
    assert dark.evaluate(BACKGROUND) == "rgb(15, 18, 22)"
    keep(light, f"{name}-light")
    keep(dark, f"{name}-dark")


def test_a_button_switches_light_and_dark_and_is_remembered(visit, either):
    page = visit(either, scheme="light")
    light = page.evaluate(BACKGROUND)
    page.get_by_role("button", name="switch to dark").click()
    assert page.evaluate(BACKGROUND) != light
    page.reload()
    assert page.evaluate(BACKGROUND) != light
    page.get_by_role("button", name="switch to light").click()
    assert page.evaluate(BACKGROUND) == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_their_ground(visit, either, scheme):
    page = visit(either, scheme=scheme)
    assert page.evaluate(FAINT) == []
    page.evaluate(
        "document.querySelector('h1').style.color = 'color-mix(in srgb, var(--ink) 40%, var(--page))'"
    )
    assert len(page.evaluate(FAINT)) == 1, "the check sees what is faint"


def test_a_phone_needs_no_sideways_scroll(visit, either, keep, request):
    page = visit(either, width=PHONE, height=844, has_touch=True, is_mobile=True)
    assert page.evaluate("[document.documentElement.scrollWidth, visualViewport.scale]") == [PHONE, 1]
    keep(page, f"{request.node.callspec.params['either']}-phone")


def test_a_page_without_anything_to_draw_opens(visit, tmp_path):
    (tmp_path / "0009-vae").mkdir()
    page = visit(write_report(tmp_path / "0009-vae"))
    assert "log.jsonl holds no report yet" in page.locator("#missing").inner_text()
    assert "No alarm was raised." in page.locator("#alarms").inner_text()
    assert page.locator(".timeline").count() == 0


FAINT = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [x, y, z] = [r, g, b].map(v => linear(v / 255));
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] > 200) return color;
    }
    return rgba(getComputedStyle(document.body).backgroundColor);
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("script, noscript, dialog")) continue;
    const style = getComputedStyle(element), ink = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(rgba(ink)), light(ground(element))].sort((x, y) => y - x);
    const contrast = (a + .05) / (b + .05);
    if (contrast < 4.5) faint.push(element.outerHTML.slice(0, 80) + ": " + contrast.toFixed(2));
  }
  return faint;
})()
"""
