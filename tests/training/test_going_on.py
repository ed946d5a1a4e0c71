"""How a run may go on: with other settings, options of its recipe and places of its data."""

import shutil

import numpy as np
import pytest
from PIL import Image
from runs import OFTEN, assert_same_end, begin, game
from small import know_small_parts

from gancore import build, spec
from gancore.errors import RunError, UserError
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log
from gancore.runs.sources import Sources
from gancore.training.start import resume
from gancore.verbs.train import train as train_again


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


def changed(run):
    return [line["changes"] for line in Log.read(run / "log.jsonl") if line.get("event") == "changed"]


def test_a_lower_rate_is_taken_and_recorded(run):
    done = resume(run, images=72, set={"generator_optimizer.lr": 1e-5})
    assert done.recipe.generator_optimizer.lr == 1e-5
    folder, asked = RunFolder(run), {"images": 72, "set": {"generator_optimizer.lr": 1e-5}}
    assert folder.recipe_table["generator_optimizer"]["lr"] == 1e-5
    assert folder.facts["changes"] == [{"after": 64, **asked}] and changed(run) == [asked]
    assert resume(run).recipe.generator_optimizer.lr == 1e-5  # and stays


def test_what_stays_the_same_is_no_change(run):
    resume(run, images=64, set={})
    assert "changes" not in RunFolder(run).facts and changed(run) == []


@pytest.mark.parametrize("path", ["generator.width", "discriminator.width", "generator", "sampler.size"])
def test_trained_networks_do_not_change(run, path):
    before = (run / "recipe.toml").read_text()
    with pytest.raises(UserError, match=f"{path} cannot change in a run that has begun: .* was trained"):
        resume(run, images=72, set={path: 16})
    assert (run / "recipe.toml").read_text() == before


def test_an_optimizer_keeps_its_moments_or_is_refused(run):
    with pytest.raises(UserError, match="generator_optimizer cannot change .* hold other state"):
        resume(run, images=72, set={"generator_optimizer": "sgd"})


@pytest.mark.parametrize("setting", [{"seed": 4}, {"hold_out": 2}, {"best": "recall"}])
def test_settings_that_the_past_rests_on_do_not_change(run, setting):
    with pytest.raises(UserError, match=f"{next(iter(setting))} cannot change in a run that has begun; what"):
        resume(run, **setting)


def test_other_settings_may_change(run):
    done = resume(run, images=80, batch=8, keep=1)
    assert done.run.batch_size == 8 and len(RunFolder(run).checkpoints) == 1
    assert RunFolder(run).settings.batch == 8


def test_fewer_images_than_were_seen_are_refused_and_nothing_is_noted(run):
    before = (run / "run.toml").read_text()
    with pytest.raises(UserError, match="has seen 64 images already, and 32 are fewer; give more than 64"):
        resume(run, images=32)
    assert (run / "run.toml").read_text() == before


@pytest.fixture
def pictures(images, tmp_path):
    """The same images as files of a folder."""
    (tmp_path / "data").mkdir()
    for number, image in enumerate(np.load(images.data[0])):
        Image.fromarray(image.transpose(1, 2, 0)).save(tmp_path / "data" / f"{number:02d}.png")
    return tmp_path / "data"


def test_data_that_moved_are_found_where_they_are_said_to_be(run, pictures):
    moved = pictures
    (moved / "notes.txt").write_text("mine")
    resume(run, moved, images=72)
    assert RunFolder(run).sources.data == (str(moved.resolve()),)
    assert changed(run) == [{"images": 72, "data": [str(moved.resolve())]}]
    next(moved.glob("**/*.png")).unlink()
    with pytest.raises(RunError, match="has changed: these are other images or labels"):
        resume(run, images=80)
    shutil.rmtree(moved)
    with pytest.raises(RunError, match="is not there; .*; if it lies elsewhere now: .*--data PLACE"):
        resume(run, images=80)


def test_held_out_images_stay_held_out_where_files_were_renamed(pictures, tmp_path):
    begin(Sources(data=(str(pictures),)), tmp_path / "run", hold_out=3)
    assert resume(tmp_path / "run", images=72).images == 72
    for file in sorted(pictures.glob("**/*.png")):
        file.rename(file.with_name(f"renamed-{file.name}"))
    with pytest.raises(RunError, match="has changed"):
        resume(tmp_path / "run", images=80)


def test_the_same_command_again_goes_on(images, tmp_path):
    often = {**OFTEN, "report_every": 16}
    begin(images, tmp_path / "whole", **often)

    def again(**options):
        return train_again(
            game(), images, output=tmp_path / "run", resume_if_there=True, **{**often, **options}
        )

    again(images=32)
    assert again().images == 64
    assert_same_end(tmp_path / "whole", tmp_path / "run")
    assert again(images=32).images == 64  # a shorter length than it was given since is no error
    resume(tmp_path / "run", images=72, set={"generator_optimizer.lr": 1e-5})
    assert again().images == 72
    table = spec(game())
    table["generator"]["width"] = 16
    other = build(table)
    with pytest.raises(UserError, match=r"is the run of another recipe: generator.width is 4 there, and 16"):
        train_again(other, images, output=tmp_path / "run", resume_if_there=True)


def test_going_on_if_there_needs_a_folder(images):
    with pytest.raises(UserError, match="--resume-if-there needs the folder of the run; give --output"):
        train_again(game(), images, resume_if_there=True)
