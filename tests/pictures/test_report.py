import json
import os
import re
import shlex
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser

import pytest
from PIL import Image

from gancore.errors import RunError
from gancore.pictures.report import write_report
from gancore.training.log import Log

NASTY = "</script><script>alert(1)</script><b>&\"'"


class Page(HTMLParser):
    """The elements of a page, and the text inside those with an id."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.texts, self.stack, self.source = [], {}, [], source
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "input"):
            self.stack.append(dict(attributes).get("id"))

    def handle_endtag(self, tag):
        self.stack.pop()

    def handle_data(self, data):
        for name in filter(None, self.stack):
            self.texts[name] = self.texts.get(name, "") + data

    @property
    def curves(self):
        return json.loads(self.texts["curve-data"])

    @property
    def missing(self):
        return re.findall(r"<li>(.*?)</li>", self.source)


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "0007-dcgan"
    (folder / "samples").mkdir(parents=True)
    return folder


def fill(run, command='["gancore", "train", "dcgan", "--seed", "3"]', data='sources = ["my photos"]'):
    (run / "recipe.toml").write_text('gancore = 1\npart = "gancore-dcgan:dcgan"\n\n[generator]\nwidth = 64\n')
    (run / "run.toml").write_text(
        f"gancore = 1\ncommand = {command}\n[settings]\nimages = 200\nseed = 3\nbatch = 10\nmicro_batch = 5\nprecision = 'bf16'\n"
        f"[data]\n{data}\n[parameters]\ngenerator = 3576704\ndiscriminator = 2765568\n[environment]\ntorch = '2.13.0'\n"
    )
    with Log(run / "log.jsonl") as log:
        for step in range(1, 11):
            log.write(
                step=step, images=step * 10, seconds=step * 30.0, scalars={"generator/adversarial": 1 / step, "discriminator/r1": step}
            )
        log.event("checkpoint", images=100, path="checkpoints/00000100")
    for images in (0, 50, 100):
        Image.new("RGB", (4, 4), (images, 0, 0)).save(run / "samples" / f"{images:08d}.png")


def page(run):
    path = write_report(run)
    assert path == run / "report.html"
    return Page(path.read_text(encoding="utf-8"))


def test_the_page_says_what_ran(run):
    fill(run)
    source = unescape(page(run).source)
    assert "<h1>dcgan</h1>" in source
    for name, value in {
        "images seen": "100 of 200",
        "duration": "5 min 00 s",
        "data": "my photos",
        "seed": "3",
        "parameters": "generator 3,576,704, discriminator 2,765,568",
    }.items():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in source
    assert '<span class="state">not finished</span>' in source
    assert '<th scope="row">environment.torch</th><td>2.13.0</td>' in source
    assert '<th scope="row">100 images</th><td>checkpoint: path checkpoints/00000100</td>' in source


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (["finished"], "finished"),
        (["stopped", "checkpoint"], "stopped"),
        (["stopped", "resumed"], "not finished"),
        (["finished", "resumed"], "not finished"),
    ],
)
def test_the_last_turn_of_a_run_is_its_state(run, events, state):
    with Log(run / "log.jsonl") as log:
        for event in events:
            log.event(event, images=100)
    assert f'<span class="state">{state}</span>' in page(run).source


def test_the_recipe_and_the_command_can_be_copied(run):
    fill(run)
    made = page(run)
    assert made.texts["recipe-text"] == (run / "recipe.toml").read_text()
    assert made.texts["command-text"] == "gancore train dcgan --seed 3"


def test_the_command_is_put_together_where_none_was_kept(run):
    fill(run, command="[]")
    words = page(run).texts["command-text"].split(" ", 3)
    assert words[:2] == ["gancore", "train"]
    assert words[2].endswith("0007-dcgan/recipe.toml")
    assert words[3] == "--data 'my photos' --images 200 --batch 10 --micro-batch 5 --precision bf16 --seed 3"


def test_data_without_a_name_for_the_command_line_make_no_command(run):
    fill(run, command="[]", data='description = "100 images from an array"')
    made = page(run)
    assert "command-text" not in made.texts
    assert "<dt>data</dt><dd>100 images from an array</dd>" in made.source


def test_curves_are_embedded_by_player(run):
    fill(run)
    groups = page(run).curves
    assert [group["player"] for group in groups] == ["generator", "discriminator", "run"]
    assert groups[1]["curves"] == [{"term": "r1", "images": [10.0 * n for n in range(1, 11)], "values": [float(n) for n in range(1, 11)]}]


def test_values_that_are_not_finite_are_gaps(run):
    with Log(run / "log.jsonl") as log:
        log.write(step=1, images=1, seconds=0.0, scalars={"a": float("nan"), "b": float("inf")})
    assert [curve["values"] for curve in page(run).curves[0]["curves"]] == [[None], [None]]


def test_the_last_sheet_is_shown_first(run):
    fill(run)
    sheets = [attributes for tag, attributes in page(run).elements if tag == "img"]
    assert [(sheet["data-images"], "hidden" in sheet) for sheet in sheets] == [("0", True), ("50", True), ("100", False)]


def test_the_page_needs_nothing_else(run):
    fill(run)
    made = page(run)
    assert not [tag for tag, _ in made.elements if tag in ("link", "iframe", "object", "embed", "base")]
    assert all(attributes["src"].startswith("data:image/png;base64,") for _, attributes in made.elements if "src" in attributes)
    assert not [attributes for _, attributes in made.elements if "href" in attributes]
    assert "url(" not in made.source and "@import" not in made.source and "fetch(" not in made.source
    assert re.findall(r"https?://[^\"' ]*", made.source) == ["http://www.w3.org/2000/svg"]
    policy = next(attributes["content"] for tag, attributes in made.elements if attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_text_from_files_is_escaped(tmp_path):
    run = tmp_path / "3-<i>x&"
    (run / "samples").mkdir(parents=True)
    (run / "recipe.toml").write_text(f"part = '''{NASTY}'''")
    (run / "run.toml").write_text(f"command = ['''{NASTY}''']\n[data]\nsources = ['''{NASTY}''']\n[environment]\n'<u>' = '''{NASTY}'''\n")
    with Log(run / "log.jsonl") as log:
        log.write(step=1, images=1, seconds=0.0, scalars={f"{NASTY}/{NASTY}": 1.0})
        log.event("warning", text=NASTY)
    Image.new("L", (4, 4)).save(run / "samples" / "0-<s>$page.png")
    made = page(run)
    assert [tag for tag, _ in made.elements].count("script") == 2
    assert not [tag for tag, _ in made.elements if tag in ("b", "i", "u", "s")]
    assert made.texts["recipe-text"] == f"part = '''{NASTY}'''"
    assert shlex.split(made.texts["command-text"]) == [NASTY]
    assert made.curves[0]["player"] + "/" + made.curves[0]["curves"][0]["term"] == f"{NASTY}/{NASTY}"
    assert "<h3>&lt;s&gt;$page</h3>" in made.source


def test_an_empty_run_says_what_is_missing(tmp_path):
    run = tmp_path / "0009-vae"
    run.mkdir()
    made = page(run)
    assert made.missing == [
        "recipe.toml is not there: what was trained cannot be shown.",
        "run.toml is not there: data, seed and environment cannot be shown.",
        "log.jsonl holds no report yet: there are no curves.",
        "samples/ holds no sheet yet: there is no timeline.",
    ]
    assert "<h1>vae</h1>" in made.source and "not started" in made.source
    assert made.curves == []
    assert "command-text" not in made.texts


def test_damaged_files_are_named_and_the_rest_is_shown(run):
    fill(run)
    (run / "run.toml").write_text("seed = = 3")
    (run / "log.jsonl").write_text('{"step": 1}\nnonsense\n')
    (run / "samples" / "00000050.png").write_bytes(b"torn")
    made = page(run)
    assert "run.toml is not valid TOML: Invalid value (at line 1, column 8)." in made.missing
    assert any("log.jsonl, line 2: expected one JSON object, found &#x27;nonsense&#x27;; remove that line" in text for text in made.missing)
    assert "samples/00000050.png is not a whole PNG: it is left out." in made.missing
    assert [attributes["data-images"] for tag, attributes in made.elements if tag == "img"] == ["0", "100"]


def test_a_torn_last_line_is_no_trouble(run):
    fill(run)
    with (run / "log.jsonl").open("a") as file:
        file.write('{"step": 11, "ima')
    made = page(run)
    assert made.missing == []
    assert len(made.curves[0]["curves"][0]["values"]) == 10


def test_a_report_without_its_place_is_left_out(run):
    fill(run)
    with (run / "log.jsonl").open("a") as file:
        file.write('{"scalars": {"generator/adversarial": 9.0}}\n')
    assert len(page(run).curves[0]["curves"][0]["values"]) == 10


def test_text_that_is_no_unicode_still_makes_a_page(run):
    fill(run)
    with Log(run / "log.jsonl") as log:
        log.event("warning", file=os.fsdecode(b"bad\xff.png"))
    assert "warning: file bad?.png" in page(run).source


def test_many_sheets_are_counted(run):
    for images in range(50):
        Image.new("L", (4, 4)).save(run / "samples" / f"{images:08d}.png")
    made = page(run)
    assert [tag for tag, _ in made.elements].count("img") == 40
    assert "<small>40 of 50 sheets</small>" in made.source


def test_a_report_replaces_the_one_before(run):
    write_report(run)
    fill(run)
    assert "<h1>dcgan</h1>" in page(run).source
    assert sorted(path.name for path in run.iterdir()) == ["log.jsonl", "recipe.toml", "report.html", "run.toml", "samples"]


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"7 is not a folder; expected the folder of a run, such as runs/0007-dcgan"):
        write_report(tmp_path / "7")


def test_the_report_imports_neither_torch_nor_pillow():
    code = "import sys, gancore.pictures.report; print([name for name in ('torch', 'PIL', 'numpy') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
