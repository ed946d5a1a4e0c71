"""What the terminal shows at 40, 80 and 120 columns, and in a pipe."""

import json

import numpy as np
import pytest
from PIL import Image

from gancore.cli import listing, run
from gancore.component.registry import Registry
from gancore.console.progress_line import long_note, progress_lines, span
from gancore.errors import UnknownPart

SCALARS = {f"discriminator/term{n}": 0.1234 * n for n in range(12)}


@pytest.mark.parametrize("width", [40, 80, 120])
def test_bar_count_and_time_left_come_first(width):
    lines = progress_lines(width, done=64, total=500000, left=7261.0, rate=1234.0, scalars=SCALARS)
    assert all(len(line) <= width for line in lines) and len(lines) == 2
    assert "64/500000 2 h 01 min left" in lines[0] and lines[0][:6].strip("━╌") == ""
    assert ("1234/s" in lines[0]) == (width > 35)
    assert lines[1].startswith("d.term0 0") and not lines[1].endswith("d.term")


@pytest.mark.parametrize("width", [10, 20, 30])
def test_a_narrow_terminal_keeps_the_count(width):
    (line,) = progress_lines(width, done=64, total=100, left=3.0)
    assert line.endswith("64/100 3 s left"[-width:] if width > 15 else line) and "64/100" in line


def test_more_images_than_asked_and_less_than_no_time_are_not_shown():
    (line,) = progress_lines(80, done=224, total=200, left=-1.0)
    assert "200/200 0 s left" in line and "-" not in line


def test_the_time_left_is_unknown_before_the_first_step():
    assert progress_lines(40, done=0, total=200, left=None)[0].endswith("0/200")


def test_a_training_of_days_is_said_with_smaller_options():
    assert long_note(3600.0, 1000) == "" and span(200000.0) == "2 d 7 h"
    note = long_note(200000.0, 1000)
    assert "this takes about 2 d 7 h more here" in note and "--images 216" in note and "--size" in note


def test_names_are_never_cut_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for width in (40, 80, 120):
        monkeypatch.setattr(listing.shutil, "get_terminal_size", lambda width=width: _Size(width))
        assert run(["list", "discriminator-regularizer"]) == 0
        shown = capsys.readouterr().out
        assert "\ndiscriminator-regularizer  r1 " in f"\n{shown}"
        assert width == 40 or all(len(line) <= width for line in shown.splitlines())
    assert run(["list"]) == 0
    assert "loss (" in capsys.readouterr().out


class _Size:
    def __init__(self, columns):
        self.columns = columns


def test_lines_for_other_programs(capsys):
    assert run(["list", "loss"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.count("\t") == 3 for line in lines)
    assert run(["list", "loss", "--json"]) == 0
    assert [part["name"] for part in json.loads(capsys.readouterr().out)] == [
        line.split("\t")[1] for line in lines
    ]


def test_version_and_short_help(capsys):
    assert run(["--version"]) == 0 and capsys.readouterr().out.startswith("gancore ")
    assert run(["-h"]) == 0 and run(["train", "-h"]) == 0


@pytest.mark.parametrize(
    ("name", "plugin"), [("dcgan", "dcgan"), ("esrnet-small", "esrgan"), ("colorize-small", "nogan")]
)
def test_a_recipe_whose_plugin_is_not_installed_names_the_package(name, plugin):
    with pytest.raises(UnknownPart, match=f"'{name}' comes with gancore-{plugin}, which is not installed"):
        Registry().find("recipe", name)


@pytest.mark.parametrize("recipe", ["dcgan", "vae"])
def test_photographs_of_mixed_sizes_and_a_gray_one_train(recipe, tmp_path, capsys):
    sizes = {"a.jpg": (45, 17, 3), "b.jpg": (40, 52, 3), "c.png": (23, 31, 3), "gray.png": (19, 19)}
    (tmp_path / "photos").mkdir()
    for name, size in sizes.items():
        pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / name)
    small = ["generator.width=4", "discriminator.width=4"] if recipe == "dcgan" else []
    words = ["--data", str(tmp_path / "photos"), "--images", "4", "--batch", "4", "--evaluate-every", "0"]
    changes = [word for change in small for word in ("--set", change)]
    assert run(["train", recipe, *words, *changes, "--output", str(tmp_path / "run")]) == 0
    assert "taken: --size 16x16" in capsys.readouterr().err
