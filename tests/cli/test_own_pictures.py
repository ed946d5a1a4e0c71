"""A folder of one's own pictures: trained on where it lies, by several processes at once, and judged."""

import json
import os

import numpy as np
import pytest
from PIL import Image
from small import know_small_parts

from gancore.cli import run
from gancore.runs.folder import RunFolder

GAME = 'gancore = 1\npart = "two-player"\ngenerator = "small"\ndiscriminator = "small"\n'
FEW = ["--images", "16", "--batch", "4", "--evaluate-every", "0"]


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working folder, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANCORE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "game.toml").write_text(GAME)
    return tmp_path


def pictures(folder, count, size=8, mode="RGB"):
    folder.mkdir()
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        picture = Image.fromarray(pixels).resize((size, size), Image.Resampling.NEAREST)
        picture.convert(mode).save(folder / f"{number:03}.png")
    return folder


def at_once(*commands):
    """Exit codes of commands that processes of their own run at the same time."""
    children = []
    for words in commands:
        if (child := os.fork()) == 0:
            code = 99
            try:
                code = run(words)
            finally:
                os._exit(code)
        children.append(child)
    return sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


def test_pictures_in_the_working_folder_are_trained_on_twice(place, monkeypatch):
    """The grids of the first run, which lies among them, are no pictures of the second."""
    monkeypatch.chdir(pictures(place / "d", 12))
    begin = ["train", "../game.toml", "--data", ".", "--size", "8", *FEW]
    assert run([*begin, "--output", "runs/first"]) == 0
    first = RunFolder(place / "d/runs/first")
    assert first.samples
    assert run(["train", "--resume", "runs/first", "--images", "20"]) == 0
    assert run([*begin, "--output", "runs/second"]) == 0
    told = [RunFolder(place / f"d/runs/{name}").facts["data"] for name in ("first", "second")]
    assert told[0] == told[1] and first.checkpoints[0].name == "00000020"


def test_of_trainings_into_one_folder_one_wins(place):
    pictures(place / "d", 12)
    into = ["train", "game.toml", "--data", "d", *FEW, "--output", "run"]
    assert at_once(into, into) == [0, 1]
    assert RunFolder(place / "run").log.state == "finished"


def test_trainings_without_a_folder_stand_beside_each_other(place):
    pictures(place / "d", 12)
    free = ["train", "game.toml", "--data", "d", *FEW]
    assert at_once(free, free, free) == [0, 0, 0]
    made = sorted((place / "runs").iterdir())
    assert [RunFolder(path).log.state for path in made] == ["finished"] * 3


def score(place, reference):
    words = ["evaluate", "d", "--against", reference, "--score", "kernel", "--output", "e.json"]
    assert run(words) == 0
    (value,) = json.loads((place / "e.json").read_text())["scores"].values()
    return value["value"]


def test_the_same_pictures_at_another_size_or_in_gray_are_the_same(place):
    large, gray = place / "large", pictures(place / "gray", 24, size=16, mode="L")
    large.mkdir()
    for path in pictures(place / "d", 24, size=16).iterdir():
        Image.open(path).resize((32, 32), Image.Resampling.LANCZOS).save(large / path.name)
    for reference, image in ((large, [3, 32, 32]), (gray, [1, 16, 16])):
        assert score(place, str(reference)) < 0  # unbiased: equal images are nearer than equal distributions
        protocol = json.loads((place / "e.json").read_text())["protocol"]
        assert protocol["samples"]["image"] == protocol["reference"]["image"] == image


def test_a_folder_that_changed_under_the_same_names_and_times_is_judged_anew(place):
    pictures(place / "d", 24)
    before = score(place, str(pictures(place / "other", 24)))
    for path in (place / "other").iterdir():
        known = path.stat()
        Image.new("RGB", (8, 8)).save(path)
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert score(place, "other") > before + 0.1


def test_scores_of_a_handful_of_images_are_left_out_with_their_reasons(place, capsys):
    pictures(place / "d", 5)
    pictures(place / "many", 60)
    assert run(["evaluate", "d", "--against", "many", "--output", "e.json"]) == 0
    told = json.loads((place / "e.json").read_text())
    assert told["scores"] == {} and {"frechet", "kernel", "precision-recall"} <= told["left_out"].keys()
    assert "5" in told["left_out"]["precision-recall"]
