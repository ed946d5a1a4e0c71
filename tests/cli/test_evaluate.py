"""`gancore evaluate`: runs, folders of images, and what goes wrong."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from runs import begin, sources
from small import know_small_parts

from gancore import load
from gancore.cli import run
from gancore.component.weights import FILE
from gancore.measure.evaluation import PENDING, Evaluation
from gancore.measure.memorization import Memorization
from gancore.runs.folder import RunFolder
from gancore.storage.files import sha256
from gancore.storage.manifest import write_manifest
from gancore.verbs.evaluate import evaluate


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    begin(sources(folder), folder / "run")
    return folder / "run"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pictures(folder, count, seed, size=8):
    folder.mkdir()
    for i, pixels in enumerate(
        np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    ):
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return str(folder)


def test_a_run_is_judged_beside_its_data(trained, capsys):
    arguments = [
        "--score",
        "kernel",
        "--score",
        "precision-recall",
        "--count",
        "40",
        "--extractor",
        "pixels",
        "--truncation",
        "0.7",
    ]
    assert run(["evaluate", str(trained), *arguments]) == 0
    table = json.loads((trained / "scores" / "evaluation.json").read_text())
    assert {"KID[pixels-1]", "precision[pixels-1]", "recall[pixels-1]"} == set(table["scores"])
    samples, reference = table["protocol"]["samples"], table["protocol"]["reference"]
    assert samples["count"] == 40 and samples["truncation"] == 0.7 and samples["batch_norm"] == "none"
    assert samples["weights"] == "averaged: exponential" and samples["run"] == "run"
    assert reference["count"] == 20 and reference["split"] == "training images"
    shown = capsys.readouterr().out
    assert "KID[pixels-1]" in shown
    compared = shown[shown.index("for comparison") :].splitlines()[1:4]
    assert all(re.fullmatch(r"\S+\[pixels-1\]( +(real|noise) \S+)+", line) for line in compared), compared
    assert not (trained / "pictures" / "neighbors.png").exists()


@pytest.mark.parametrize("looks", [True, False])
def test_training_images_are_looked_at_only_by_scores_that_need_them(trained, tmp_path, looks):
    told, score = set(), Memorization(neighbors=5) if looks else "precision-recall"
    found = evaluate(
        trained,
        score=score,
        count=20,
        reference=20 if looks else 16,
        extractor="pixels",
        output=tmp_path / "x.json",
        progress=lambda what, *_: told.add(what),
    )
    assert looks or not any("training images" in what for what in told)
    assert (
        ((tmp_path / "x-neighbors.png") in found.files) is (tmp_path / "x-neighbors.png").is_file() is looks
    )


def test_what_is_judged_is_not_written_into_unless_asked(trained, place):
    def files():
        return {str(path): path.stat().st_mtime_ns for path in trained.rglob("*")}

    before, kernel = files(), ["--score", "kernel", "--count", "20", "--extractor", "pixels"]
    images = pictures(place / "images", 20, seed=0)
    assert run(["evaluate", str(trained / "pipeline"), "--against", images, *kernel]) == 0
    assert (place / "evaluation.json").is_file() and files() == before
    assert run(["evaluate", str(trained), *kernel, "--output", "mine.json"]) == 0
    assert (
        (place / "mine.json").is_file() and not (place / "mine-neighbors.png").exists() and files() == before
    )
    assert run(["sample", str(trained), "--count", "1", "--output", "one.png"]) == 0
    assert run(["evaluate", str(trained), *kernel, "--output", "one.png"]) == 2
    assert Image.open("one.png").format == "PNG"


def test_where_the_scores_may_not_be_written_is_said_before_any_is_computed(
    trained, place, monkeypatch, capsys
):
    monkeypatch.setattr(os, "access", lambda path, mode: place in [Path(path), *Path(path).parents])
    kernel = ["--score", "kernel", "--count", "20", "--extractor", "pixels"]
    assert run(["evaluate", str(trained), *kernel]) == 2
    said = capsys.readouterr()
    assert "you may not write in" in said.err and "give another --output" in said.err and not said.out
    assert run(["evaluate", str(trained), *kernel, "--output", str(place / "x.json")]) == 0


def test_the_standard_scores_leave_out_what_cannot_be_given(trained, capsys):
    assert run(["evaluate", str(trained), "--count", "40"]) == 0
    table = json.loads((trained / "scores" / "evaluation.json").read_text())
    assert (
        "precision[emoji-1]" in table["scores"]
        and "needs a pipeline with an encoder" in table["left_out"]["reconstruction"]
    )
    assert "more than the 128 dimensions" in table["left_out"]["frechet"]
    assert "left out frechet" in capsys.readouterr().err


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, SystemExit])
def test_a_score_is_printed_and_kept_when_it_is_done(trained, place, capsys, monkeypatch, stopped):
    def stop(score, study):
        raise stopped(9)

    monkeypatch.setattr("gancore.measure.precision_recall.PrecisionRecall.forward", stop)
    words = ["--score", "kernel", "--score", "precision-recall", "--score", "sliced-wasserstein"]
    assert run(
        ["evaluate", str(trained), *words, "--count", "20", "--extractor", "pixels", "--output", "e.json"]
    )
    assert "KID[pixels-1]" in capsys.readouterr().out
    table = json.loads((place / "e.json").read_text())
    assert list(table["scores"]) == ["KID[pixels-1]"]
    assert table["left_out"] == dict.fromkeys(["precision-recall", "sliced-wasserstein"], PENDING)


def test_an_evaluation_says_what_it_does(trained):
    heard = []
    evaluate(
        trained, score="kernel", extractor="pixels", count=20, progress=lambda *words: heard.append(words)
    )
    assert ("pixels-1 features of the samples", 20, 20) in heard
    assert ("score 1 of 1, kernel", 0, 0) in heard


def test_two_folders_are_judged_too(place):
    one, other = pictures(place / "one", 30, seed=0), pictures(place / "other", 25, seed=1, size=12)
    assert (
        run(
            [
                "evaluate",
                one,
                "--against",
                other,
                "--score",
                "precision-recall",
                "--extractor",
                "pixels",
                "--output",
                "x/s.json",
            ]
        )
        == 0
    )
    protocol = json.loads((place / "x" / "s.json").read_text())["protocol"]
    assert protocol["samples"]["image"] == protocol["reference"]["image"] == [3, 12, 12]
    assert protocol["samples"]["count"] == 30 and protocol["reference"]["split"] == "given images"


def test_an_extractor_is_asked_by_name_and_is_refused_with_advice(trained, place, capsys):
    wrong = {
        ("--extractor", "emojis"): "did you mean 'emoji'?",
        ("--extractor", "fashion"): "extractor/fashion",
        ("--weights", "w.pth"): "--weights needs an extractor",
        ("--score", "beauty"): "there is no score 'beauty'",
        ("--score", "intra-class"): "needs labels",
        ("--extractor", "inception-2015", "--weights", "nowhere.pth"): "nowhere.pth",
    }
    for arguments, words in wrong.items():
        assert run(["evaluate", str(trained), *arguments, "--count", "20"]) == 2, arguments
        error = capsys.readouterr().err
        assert words in error and "Traceback" not in error, error


def test_images_without_a_reference_are_refused(place, capsys):
    assert run(["evaluate", pictures(place / "one", 5, seed=0)]) == 2
    assert "is not a run: give images to compare it with" in capsys.readouterr().err


def test_shapes_that_differ_are_made_one_by_the_reference(place):
    gray = place / "gray"
    gray.mkdir()
    for i in range(16):
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (8, 8), dtype=np.uint8)).save(
            gray / f"{i}.png"
        )
    color = pictures(place / "color", 16, seed=3)
    assert (
        run(
            [
                "evaluate",
                color,
                "--against",
                str(gray),
                "--score",
                "precision-recall",
                "--extractor",
                "pixels",
            ]
        )
        == 0
    )
    assert json.loads((place / "evaluation.json").read_text())["protocol"]["samples"]["image"] == [1, 8, 8]


def test_a_name_where_nothing_is_gets_no_advice_about_others(place, capsys):
    assert run(["evaluate", "nope"]) == 2
    assert "nope is not there; expected a folder or zip of images" in capsys.readouterr().err


def test_an_evaluation_says_which_weights_and_images_it_judged(trained, tmp_path, capsys):
    newest, older = RunFolder(trained).checkpoints[:2]
    how = ["--score", "kernel", "--count", "40", "--extractor", "pixels"]
    found = {}
    for place in (trained, newest, older):
        assert run(["evaluate", str(place), *how, "--output", str(tmp_path / f"{place.name}.json")]) == 0
        found[place] = json.loads((tmp_path / f"{place.name}.json").read_text())
    assert [found[place]["images"] for place in (trained, newest, older)] == [64, 64, 48]
    assert found[older]["checkpoint"] == {"images": 48, "weights_sha256": sha256(older / FILE)}
    assert found[trained]["checkpoint"]["weights_sha256"] == sha256(trained / "pipeline" / FILE)
    assert found[trained]["scores"] == found[newest]["scores"] != found[older]["scores"]
    judged = found[older]["protocol"]
    assert judged["samples"]["seed"] == 0 and judged["samples"]["count"] == 40
    assert judged["reference"]["fingerprint"] and judged["reference"]["count"] == 20
    assert Evaluation.load(tmp_path / f"{older.name}.json").checkpoint["images"] == 48


def test_a_pipeline_of_an_earlier_version_has_seen_an_unknown_number_of_images(trained, tmp_path):
    shutil.copytree(trained / "pipeline", tmp_path / "pipeline")
    saved = tmp_path / "pipeline" / "pipeline.json"
    saved.write_text(json.dumps({k: v for k, v in json.loads(saved.read_text()).items() if k != "images"}))
    write_manifest(tmp_path / "pipeline")
    assert load(tmp_path / "pipeline").images is None and load(trained).images == 64
