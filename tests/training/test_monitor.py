"""Judging while training: how often, the best, the alarms, and going on."""

import json

import numpy as np
import pytest
from PIL import Image
from runs import assert_same_end, sources
from runs import begin as begin_often
from small import know_small_parts

from gancore.errors import MeasureError
from gancore.measure.alarms import Alarm
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log
from gancore.runs.sources import Sources
from gancore.training import monitor as room
from gancore.training.pages import Pages
from gancore.training.start import resume


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


def begin(data, folder, **settings):
    return begin_often(data, folder, **{"evaluate_every": None, **settings})


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return sources(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def run(images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    begin(images, folder, checkpoint_every=1000, images=80)
    return folder


def lines(folder, event):
    return [line for line in Log.read(folder / "log.jsonl") if line.get("event") == event]


def test_a_run_is_judged_ten_times(run):
    judged = lines(run, "scores")
    assert [line["images"] for line in judged] == list(range(8, 81, 8))
    assert sorted(p.name for p in (run / "scores").iterdir()) == [f"{n:08d}.json" for n in range(8, 81, 8)]
    assert {"FD[emoji-1]", "precision[emoji-1]", "recall[emoji-1]"} == set(judged[0]["scores"])
    assert {"diversity", "duplicates", "discriminator/tells apart"} <= set(judged[0]["diagnostics"])
    table = json.loads((run / "scores" / "00000080.json").read_text())
    assert table["protocol"]["samples"]["truncation"] == 1.0 and table["images"] == 80


def test_the_best_is_kept_whole(run):
    best = json.loads((run / "best.json").read_text())
    values = {line["images"]: line["scores"]["FD[emoji-1]"]["value"] for line in lines(run, "scores")}
    assert best == {
        "score": "FD[emoji-1]",
        "value": min(values.values()),
        "images": min(values, key=values.get),
    }
    assert f"{best['images']:08d}" in [p.name for p in RunFolder(run).checkpoints]
    assert RunFolder(run).best.pipeline().sample(2, seed=0).shape == (2, 3, 8, 8)


def test_the_best_survives_the_last_few(images, tmp_path, monkeypatch):
    monkeypatch.setattr(room.Monitor, "_is_best", lambda self, scores: len(self.diagnostics) == 2)
    begin(images, tmp_path / "run", checkpoint_every=8, images=80, keep=1)
    assert [int(p.name) for p in RunFolder(tmp_path / "run").checkpoints] == [80, 16]


def test_another_score_may_choose_the_best(images, tmp_path):
    begin(images, tmp_path / "run", best="precision")
    assert json.loads((tmp_path / "run" / "best.json").read_text())["score"] == "precision[emoji-1]"


@pytest.mark.parametrize("every", [None, 0])
def test_a_score_that_nobody_gives_is_an_error_before_the_first_step(images, tmp_path, every):
    often = {} if every is None else {"evaluate_every": every}
    with pytest.raises(MeasureError, match="no score is called 'beauty'; known: FD, precision, recall"):
        begin(images, tmp_path / "run", best="beauty", **often)
    assert not (tmp_path / "run").exists()


def test_zero_is_never(images, tmp_path):
    begin(images, tmp_path / "run", evaluate_every=0)
    assert not lines(tmp_path / "run", "scores") and not (tmp_path / "run" / "scores").exists()


def test_an_alarm_is_logged_once_with_what_to_try(images, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "alarms", lambda history: [Alarm("collapse", "all alike", ("r1", "patience"))])
    begin(images, tmp_path / "run")
    (line,) = lines(tmp_path / "run", "alarm")
    assert line == {
        "event": "alarm",
        "images": 8,
        "name": "collapse",
        "text": "all alike",
        "advice": ["r1", "patience"],
        "changes": [
            {"regularizers.0.gamma": 40.0},
            {"generator_optimizer.lr": 5e-05, "discriminator_optimizer.lr": 5e-05},
        ],
    }
    assert all(line["alarms"] == ["collapse"] for line in lines(tmp_path / "run", "scores"))
    (alarm,) = RunFolder(tmp_path / "run").log.alarms
    assert alarm.later == (True,) * 10


def test_the_first_tenth_of_a_run_raises_no_alarm(images, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "alarms", lambda history: [Alarm("collapse", "all alike", ())])
    begin(images, tmp_path / "run", images=200, evaluate_every=8)
    assert [line["images"] for line in lines(tmp_path / "run", "alarm")] == [24]
    standing = {line["images"]: line["alarms"] for line in lines(tmp_path / "run", "scores")}
    assert standing[8] == standing[16] == [] and standing[24] == ["collapse"]


@pytest.mark.slow
def test_judging_changes_no_bit_and_goes_on_after_a_resume(images, tmp_path):
    from gancore.component.weights import read_weights

    for name, settings in {"judged": {}, "not": {"evaluate_every": 0}}.items():
        begin(images, tmp_path / name, **settings)
    mine, theirs = (
        read_weights(tmp_path / name / "checkpoints" / "00000064" / "training.safetensors")
        for name in ("judged", "not")
    )
    assert all((mine[key] == theirs[key]).all() for key in theirs)
    before = lines(tmp_path / "judged", "scores")
    for path in RunFolder(tmp_path / "judged").checkpoints:
        if int(path.name) > 40:
            path.rename(path.with_name(f".{path.name}"))
    resume(tmp_path / "judged")
    drop = lambda rows: [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    assert drop(lines(tmp_path / "judged", "scores")) == drop(before)


def test_held_out_images_tell_of_overfitting(images, tmp_path):
    begin(images, tmp_path / "run", hold_out=6)
    signs = [line["diagnostics"] for line in lines(tmp_path / "run", "scores")]
    assert any("discriminator/overfitting" in sign for sign in signs)


def test_what_cannot_be_judged_is_a_warning_and_the_training_goes_on(images, tmp_path, monkeypatch):
    def refuse(self, images):
        raise MeasureError("3 of 64 images hold NaN or infinity")

    monkeypatch.setattr("gancore.measure.study.Study.extract", refuse)
    begin(images, tmp_path / "run")
    texts = [line["text"] for line in lines(tmp_path / "run", "warning")]
    assert texts[0] == "not evaluated at 8 images: 3 of 64 images hold NaN or infinity" and lines(
        tmp_path / "run", "finished"
    )


def test_a_run_keeps_training_images_to_show_beside_its_samples(run):
    with Image.open(run / "pictures" / "real.png") as picture:
        assert picture.size[0] >= 5 * 66
    assert RunFolder(run).batch == 4


@pytest.fixture
def pages(monkeypatch):
    """The state and the images seen at each report of a training, without regard to what they cost."""
    seen = []
    monkeypatch.setattr("gancore.training.pages.write_report", lambda run: seen.append(newest(run)))
    monkeypatch.setattr("gancore.training.pages.SHARE", float("inf"))
    return seen


def newest(run):
    return run.state, max([grid.images for grid in run.samples] + [int(path.stem) for path in run.scores])


def test_a_run_has_a_report_from_its_first_grid_on_and_at_each_evaluation(images, tmp_path, pages):
    begin(images, tmp_path / "run", images=80)
    assert pages == [("running", n) for n in range(0, 81, 8)]
    assert '<body class="report">' in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.slow
def test_a_report_that_cannot_be_written_ends_no_training_and_changes_no_bit(images, tmp_path, monkeypatch):
    begin(images, tmp_path / "with")

    def broken(run):
        raise ZeroDivisionError("in a page")

    monkeypatch.setattr("gancore.training.pages.write_report", broken)
    begin(images, tmp_path / "without")
    assert_same_end(tmp_path / "with", tmp_path / "without")
    (line,) = lines(tmp_path / "without", "warning")
    assert line["text"] == "no report: ZeroDivisionError: in a page"


def test_a_report_that_takes_long_is_written_less_often(monkeypatch, tmp_path):
    now, written = [100.0], []

    def slow(run):
        now[0] += 2
        written.append(now[0])

    monkeypatch.setattr("gancore.training.pages.time.monotonic", lambda: now[0])
    monkeypatch.setattr("gancore.training.pages.write_report", slow)
    pages = Pages()
    while now[0] < 200:
        pages.write(RunFolder(tmp_path))
        now[0] += 1
    assert written == [102, 144, 186]


def test_too_few_images_leave_a_score_out_and_nothing_is_best(tmp_path):
    path = tmp_path / "two.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (2, 3, 8, 8), dtype=np.uint8))
    begin(Sources(data=(str(path),)), tmp_path / "run", best="precision")
    table = json.loads((tmp_path / "run" / "scores" / "00000064.json").read_text())
    assert "FD[emoji-1]" in table["scores"] and "reference" in table["left_out"]["precision-recall"]
    assert not (tmp_path / "run" / "best.json").exists()
