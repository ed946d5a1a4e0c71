"""Nothing that stands in a file moves the cursor of a terminal, hides what is printed, or fills it."""

import io
import json
import os
import subprocess
import sys
import tomllib
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import gancore
from gancore.cli import run
from gancore.errors import LONGEST, DataError, GancoreError, shown

HOSTILE = "\x1b[2J\x1b]0;title\x07\r\nall is well \u202efdp\x9b31m\u2028\u200b"


def tame(text, lines=None):
    assert all(c.isprintable() or c == "\n" for c in text), ascii(text)
    assert lines is None or text.count("\n") <= lines, text
    assert max(map(len, text.split("\n"))) < 12 * LONGEST
    return text


@given(st.text())
def test_what_is_shown_is_one_line_of_what_can_be_printed(text):
    line = shown(text)
    assert line.isprintable() and (line == text or not text.isprintable())


@given(st.integers(1, 10**6), st.integers(30, 400))
def test_long_text_keeps_its_beginning_and_its_end(length, most):
    line = shown("a" + "b" * length + "c", most)
    assert len(line) <= most + 4 and line[0] == "a" and line[-1] == "c"


def test_every_error_is_shown_so():
    kinds, found = [GancoreError], []
    while kinds:
        found.append(kind := kinds.pop())
        kinds += kind.__subclasses__()
    for kind in found:
        if kind.__init__ in (GancoreError.__init__, Exception.__init__, AttributeError.__init__):
            assert tame(str(kind(HOSTILE)), lines=0)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture():
    stream = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def said(capsys, *arguments):
    code = run(list(arguments))
    out = capsys.readouterr()
    return code, tame(out.out + out.err)


def test_names_of_files(place, capsys):
    (place / "data").mkdir()
    (place / "data" / f"{HOSTILE.replace('/', '')}.png").write_bytes(b"no picture")
    code, text = said(capsys, "train", "dcgan", "--data", "data", "--images", "8")
    assert code == 2 and text.count("\n") == 1 and "\\x1b[2J" in text


def test_names_in_archives(place, capsys):
    for name in (HOSTILE, "n" * 60_000):
        with zipfile.ZipFile("x.zip", "w") as archive:
            archive.writestr(f"{name}.png", b"no picture")
        code, text = said(capsys, "train", "dcgan", "--data", "x.zip", "--images", "8")
        assert code == 2 and len(text) < 2 * LONGEST


def test_names_of_classes_and_files_of_labels(place, capsys):
    with zipfile.ZipFile("x.zip", "w") as archive:
        archive.writestr("a.png", picture())
        archive.writestr("dataset.json", json.dumps({"labels": [[HOSTILE, 0], ["a.png", HOSTILE]]}))
    code, text = said(capsys, "train", "dcgan", "--data", "x.zip", "--images", "8")
    assert code == 2 and "all is well" in text


def test_recipes_and_settings(place, capsys):
    hostile = json.dumps(HOSTILE)
    for text in (
        f"part = {hostile}",
        f'part = "dcgan"\n{hostile} = 1',
        f'part = "dcgan"\nloss = {hostile}',
        f'part = "dcgan"\n[generator]\nwidth = {hostile}',
    ):
        (place / "x.toml").write_text(text, encoding="utf-8")
        assert said(capsys, "train", "x.toml", "--images", "8")[0] == 2
    (place / "run" / "pipeline").mkdir(parents=True)
    (place / "run" / "pipeline" / "pipelines.json").write_text(json.dumps([HOSTILE]))
    assert said(capsys, "sample", "run", "--pipeline", "x")[0] == 2
    (place / "run" / "recipe.toml").write_text('part = "dcgan"')
    (place / "run" / "run.toml").write_text(f"[settings]\ndevice = {hostile}", encoding="utf-8")
    assert said(capsys, "train", "--resume", "run")[0] == 1
    (place / "run" / "log.jsonl").write_text(f"{HOSTILE}\n" * 2, encoding="utf-8")
    assert run(["report", "run"]) == 0


def test_saved_recipes_and_names_of_runs(place, capsys):
    hidden = "a\x9b31m\u202e"
    (place / "x.toml").write_text(f'part = "dcgan"\n[generator]\nfrom = "/{hidden}:g"\n', encoding="utf-8")
    code, text = said(capsys, "show", "x.toml")
    assert code == 0 and tomllib.loads(text)["generator"]["from"] == f"/{hidden}:g"
    (place / "all is\nwell").mkdir()
    (place / "all is\nwell" / "run.toml").write_text("[settings]\n")
    (place / "all is\nwell" / "recipe.toml").write_text('part = "dcgan"')
    assert "all is\\nwell" in said(capsys, "runs", ".", "--json")[1]
    assert str(gancore.list_runs(place)).count("\n") == 1


EVERY = """
import sys
from gancore.cli import run
verbs = "list", "list recipe", "show dcgan", "plugins", "train --help", "sample nowhere"
judged = "evaluate a.npy --against a.npy --score kernel --extractor pixels --output e.json"
sys.exit(str([run(verb.split()) for verb in (*verbs, judged)]))
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_terminals_of_few_characters(place, encoding):
    np.save("a.npy", np.random.default_rng(0).integers(0, 256, (32, 8, 8, 3), dtype=np.uint8))
    done = subprocess.run(
        [sys.executable, "-c", EVERY],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert done.stderr.decode(encoding).splitlines()[-1] == "[0, 0, 0, 0, 0, 1, 0]", done.stderr
    assert "KID" in done.stdout.decode(encoding)


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_without_an_output_every_verb_works(place, closed, monkeypatch):
    monkeypatch.setattr(sys, closed, None)  # as Python has it where a shell closed it
    pixels = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 3), dtype=np.uint8)
    np.save("a.npy", pixels)
    words = ["evaluate", "a.npy", "--against", "a.npy", "--score", "kernel", "--extractor", "pixels"]
    assert run([*words, "--output", "e.json"]) == 0 and (place / "e.json").is_file()
    assert run(["sample", "nowhere"]) == 1
    getattr(sys, closed).close()


def test_an_error_in_python_is_shown_as_on_the_command_line():
    with pytest.raises(DataError, match=r"\\x1b"):
        raise DataError("\x1b[2J")
