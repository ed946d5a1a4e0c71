"""A run folder that something happened to."""

import errno
import fcntl
import os
import shutil

import pytest
import torch
from runs import OFTEN, assert_same_end, begin, game
from small import SmallGenerator, know_small_parts

from gancore import Pipeline, build, spec
from gancore.errors import RunError, UserError
from gancore.runs import log as log_room
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log
from gancore.training.start import resume, train


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


def spoil(path):
    content = bytearray((path / "weights.safetensors").read_bytes())
    content[-3] ^= 4
    (path / "weights.safetensors").write_bytes(content)


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(whole, run):
    spoil(run / "checkpoints" / "00000064")
    resume(run)
    events = [line for line in Log.read(run / "log.jsonl") if line.get("event") in ("warning", "resumed")]
    assert [line["event"] for line in events] == ["warning", "resumed"]
    assert (
        events[0]["text"].endswith("use another checkpoint; trying the previous one")
        and "00000064 is damaged: weights" in events[0]["text"]
    )
    assert events[1]["path"] == "00000048"
    assert_same_end(whole, run)
    resume(run)
    assert [p.name for p in RunFolder(run).checkpoints] == ["00000064", "00000048", "00000032"]


def test_damaged_checkpoints_do_not_push_out_new_ones(run):
    for name in ("00000064", "00000048"):
        spoil(run / "checkpoints" / name)
    text = (run / "run.toml").read_text()
    (run / "run.toml").write_text(
        text.replace("keep = 3", "keep = 1").replace("checkpoint_every = 16", "checkpoint_every = 4")
    )
    resume(run, images=40)
    assert [p.name for p in RunFolder(run).checkpoints] == ["00000040"]
    assert (run / "checkpoints" / ".00000064.damaged").is_dir()


def test_when_none_is_whole_the_run_says_so(run):
    for path in RunFolder(run).checkpoints:
        spoil(path)
    with pytest.raises(
        RunError, match=r"none of the 3 checkpoints of .* is intact; start a new run from .*recipe.toml"
    ):
        resume(run)


def test_a_run_without_a_checkpoint_begins_again(whole, run):
    shutil.rmtree(run / "checkpoints")
    resume(run)
    assert_same_end(whole, run)


def test_a_run_without_a_checkpoint_takes_its_weights_from_the_source_again(images, whole, tmp_path):
    table = spec(game())
    table["generator"]["from"] = f"{whole}:generator"
    train(build(table), images, output=tmp_path / "one", **OFTEN)
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    shutil.rmtree(tmp_path / "other" / "checkpoints")
    resume(tmp_path / "other")
    assert_same_end(tmp_path / "one", tmp_path / "other")


def test_weights_from_a_source_that_is_gone_are_not_needed_to_go_on(images, whole, tmp_path):
    source = shutil.copytree(whole, tmp_path / "source")
    table = spec(game())
    table["generator"]["from"] = f"{source}:generator"
    train(build(table), images, output=tmp_path / "run", **{**OFTEN, "images": 32})
    shutil.rmtree(source)
    assert resume(tmp_path / "run", images=64).images == 64
    assert Pipeline.load(tmp_path / "run" / "pipeline").sample(2, seed=0).shape == (2, 3, 8, 8)


def test_a_longer_training_ends_as_one_that_was_planned_so(images, tmp_path):
    begin(images, tmp_path / "whole", report_every=16)
    begin(images, tmp_path / "run", images=32, report_every=16)
    resume(tmp_path / "run", images=64)
    assert_same_end(tmp_path / "whole", tmp_path / "run")
    assert "images = 64" in (tmp_path / "run" / "run.toml").read_text()


def test_what_a_killed_process_left_is_removed(run):
    for place in ("checkpoints/.00000064.abc.tmp", ".pipeline.new.tmp", ".pipeline.12345678.tmp"):
        shutil.copytree(run / "checkpoints" / "00000064", run / place)
    (run / "samples" / ".00000064.png.abc.tmp").write_bytes(b"half")
    resume(run)
    assert not list(run.rglob("*.tmp"))


@pytest.mark.parametrize(
    ("find", "replacement", "text"),
    [
        ("[settings]", "[settings", "run.toml is damaged"),
        ("[settings]", "[else]", r"run.toml is damaged: KeyError\('settings'\)"),
        ("batch = 4", "batch = -4", "run.toml: setting: .*batch"),
        ("[data]", "[data]\nodd = 1", None),
        ("paired = false", "", r"run.toml is damaged: its table data: KeyError\('paired'\)"),
        ("[data.options]", "[data.options]\nodd = 1", "run.toml is damaged: its table data: .*odd"),
        (
            "fingerprint = ",
            "other = ",
            "has changed: these are other images or labels.*; fingerprint ............, was None.; restore",
        ),
    ],
)
def test_a_damaged_run_toml_says_what_is_wrong(run, find, replacement, text):
    content = (run / "run.toml").read_text()
    assert find in content
    (run / "run.toml").write_text(content.replace(find, replacement, 1))
    if text is None:
        resume(run)
        return
    with pytest.raises(RunError, match=text):
        resume(run)


@pytest.mark.parametrize("length", [0, -5])
def test_a_length_below_one_is_refused_and_nothing_is_noted(run, length):
    before = (run / "run.toml").read_text()
    with pytest.raises(UserError, match="images"):
        resume(run, images=length)
    assert (run / "run.toml").read_text() == before


def test_what_is_no_run_is_not_resumed(tmp_path):
    with pytest.raises(
        RunError,
        match="is not a run .no run.toml and recipe.toml.; give the folder that `gancore train` made",
    ):
        resume(tmp_path)


# the lock


def test_a_second_process_is_refused_and_changes_nothing(images, run):
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and p.name != ".lock"}
    with (run / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("4711")
        file.flush()
        with pytest.raises(
            RunError, match=r"is in use by process 4711; wait for it, or train into another folder"
        ):
            resume(run, images=128)
    assert before == {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and p.name != ".lock"}


def test_the_lock_of_a_dead_process_does_not_hold(run):
    (run / ".lock").write_text("999999")
    resume(run)
    assert (run / ".lock").read_text() == str(os.getpid())


def test_a_folder_with_something_in_it_is_refused(images, run):
    with pytest.raises(
        RunError, match=r"is not empty; resume it with `gancore train --resume .*`, or name another folder"
    ):
        begin(images, run)


def test_of_two_that_begin_at_once_the_second_is_refused(images, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(RunFolder, "new", lambda output, name: RunFolder(output))
    run = shutil.copytree(whole, tmp_path / "run")
    before = (run / "recipe.toml").read_bytes(), (run / "run.toml").read_bytes()
    with pytest.raises(RunError, match="now contains a run; resume it"):
        begin(images, run)
    assert before == ((run / "recipe.toml").read_bytes(), (run / "run.toml").read_bytes())


def test_numbers_are_given_once(images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "0007-dcgan").mkdir(parents=True)
    assert begin(images, None, images=4).folder.name == "0008-two-player"
    assert begin(images, None, images=4).folder.name == "0009-two-player"


# wrong words leave no folder


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"hold_out": 20}, "hold"),
        ({"precision": "fp8"}, "precision"),
        ({"micro_batch": 0}, "micro_batch"),
        ({"device": "warp"}, "device is 'warp'; give auto, cpu, cuda, cuda:1 or mps"),
        ({"odd": 1}, "unknown setting odd; known: images, batch"),
    ],
)
def test_wrong_settings_leave_no_folder(images, tmp_path, settings, text):
    with pytest.raises(UserError, match=text):
        begin(images, tmp_path / "run", **settings)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(images, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        RunError,
        match=r"cannot create the run folder .*file/run: Not a directory; choose a writable folder",
    ):
        begin(images, tmp_path / "file" / "run")


# a full disk


def test_a_disk_that_fills_up_later_keeps_the_checkpoints_and_says_what_to_do(
    images, whole, tmp_path, monkeypatch
):
    written = log_room._write_all_or_nothing

    def full(file, content):
        if b'"images": 40' in content or b'"stopped"' in content or b'"images": 36' in content:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(log_room, "_write_all_or_nothing", full)
        with pytest.raises(
            RunError, match=r"could not write .*log.jsonl: No space left on device; .* resume the run"
        ):
            begin(images, tmp_path / "run")
    assert RunFolder(tmp_path / "run").checkpoints[0].name == "00000032"
    resume(tmp_path / "run")
    assert_same_end(whole, tmp_path / "run")


def test_the_cause_is_told_even_if_the_log_cannot_be_written_any_more(images, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("gancore.training.checkpoint.write_weights", full)

    def log_full(log, name, **_):
        if name == "stopped":
            raise RunError("the log")

    monkeypatch.setattr("gancore.training.loop.Log.event", log_full)
    with pytest.raises(
        RunError,
        match="cannot write the checkpoint .*00000016: No space left on device; about 0 MB are needed",
    ):
        begin(images, tmp_path / "run")


def test_an_error_of_the_system_becomes_one_of_ours(images, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), "samples/x.png")

    monkeypatch.setattr("gancore.training.loop.write_grids", full)
    with pytest.raises(
        RunError, match="Disk quota exceeded: samples/x.png; committed checkpoints are intact"
    ):
        begin(images, tmp_path / "run")


def test_trained_weights_are_where_the_run_says(whole):
    made = SmallGenerator(image=(3, 8, 8))
    before = made.linear.weight.clone()
    from gancore.component.weights import load_from

    load_from(made, f"{whole}:generator")
    assert not torch.equal(before, made.linear.weight)
