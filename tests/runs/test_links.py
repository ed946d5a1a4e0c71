"""A run from elsewhere: nothing in it leads out of it, whatever is done with it."""

import os
import shutil
from pathlib import Path

import pytest
from runs import begin, sources
from small import know_small_parts

import gancore
from gancore.data import cache
from gancore.errors import CheckpointError, GancoreError, RunError
from gancore.pictures.report import write_report
from gancore.runs import RunFolder, load_pipeline
from gancore.runs.opening import weight_files
from gancore.runs.sources import Sources
from gancore.storage.inside import inside
from gancore.training.start import resume

ENTRIES = [
    "log.jsonl", ".lock", "run.toml", "recipe.toml", "report.html", "best.json",
    "checkpoints", "samples", "scores", "pipeline", "best", "checkpoints/00000064", "checkpoints/00000080",
    "checkpoints/00000064/weights.safetensors", "checkpoints/00000064/state.json",
    "checkpoints/00000064/manifest.json", "pipeline/weights.safetensors", "pipeline/pipeline.json",
    "pipeline/manifest.json", "samples/00000080.png",
]  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    know_small_parts()
    folder = tmp_path_factory.mktemp("trained")
    begin(sources(folder), folder / "run")
    RunFolder(folder / "run").save_best({"image": load_pipeline(folder / "run")}, 64, "FD", 1.0)
    return folder / "run"


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def put_link(path, outside):
    """Moves what is there away, if anything is, and leaves a link to it."""
    target = outside / "precious"
    if path.exists():
        shutil.move(path, target)
    else:
        target.write_text("words of the user\n")
    path.symlink_to(target)


def use(run):
    """Everything that can be done with a run; refusals are what the test is about."""
    for work in (
        lambda: load_pipeline(run).sample(1, seed=0),
        lambda: resume(run, images=80),
        lambda: write_report(run),
        lambda: RunFolder(run).best.pipeline().sample(1, seed=0),
        lambda: print(RunFolder(run).scores),
        lambda: weight_files(run, "generator"),
    ):
        try:
            work()
        except GancoreError as error:
            yield str(error)
    yield log.read_text() if (log := run / "log.jsonl").is_file() and not log.is_symlink() else ""


@pytest.mark.parametrize("name", ENTRIES)
def test_no_link_is_written_through(run, tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    put_link(run / name, outside)
    before = content(outside)
    refused = list(use(run))
    assert content(outside) == before
    if not name.endswith(".html"):  # it is replaced, not written through
        assert any("symbolic link" in text for text in refused), refused


def test_nothing_is_run_or_emptied_that_a_log_or_lock_leads_to(run, tmp_path):
    for name in ("log.jsonl", ".lock"):
        precious = tmp_path / f"bashrc of {name}"
        precious.write_text('{"event": "of another"}\n')
        (run / name).unlink()
        os.link(precious, run / name)
        refused = list(use(run))
        assert name == "log.jsonl" or any("hard link" in text for text in refused)  # a log is written anew
        assert precious.read_text() == '{"event": "of another"}\n'
        (run / name).unlink()


def test_a_pipe_is_not_waited_for(run):
    for name in ("log.jsonl", ".lock", "run.toml", "pipeline/weights.safetensors"):
        kept = (run / name).read_bytes()
        (run / name).unlink()
        os.mkfifo(run / name)
        refused = list(use(run))
        assert any("no regular file" in text for text in refused), refused
        (run / name).unlink()
        (run / name).write_bytes(kept)


def test_a_run_may_itself_be_reached_by_a_link(run, tmp_path):
    (tmp_path / "latest").symlink_to(run)
    assert resume(tmp_path / "latest", images=80).images == 80
    assert load_pipeline(tmp_path / "latest").sample(1, seed=0).shape == (1, 3, 8, 8)


def test_names_of_pipelines_stay_in_the_folder(run):
    for name in ("../../other", "/etc"):
        (run / "pipeline" / "pipeline.json").unlink(missing_ok=True)
        (run / "pipeline" / "pipelines.json").write_text(f'["{name}"]')
        with pytest.raises(RunError, match="leads out of"):
            RunFolder(run).pipeline()


def test_files_of_file_managers_are_no_damage(run, capsys):
    for folder in [run, *(path for path in run.rglob("*") if path.is_dir())]:
        for name in (".DS_Store", "desktop.ini", "Thumbs.db", "notes.txt"):
            (folder / name).write_bytes(b"x")
    (run / "pictures-of-mine").symlink_to("/")
    assert resume(run, images=80).images == 80
    assert "damaged" not in (run / "log.jsonl").read_text()
    assert load_pipeline(run).sample(1, seed=0).shape == (1, 3, 8, 8)


def test_a_pipeline_without_its_link_is_refused_as_damaged(run, tmp_path):
    put_link(run / "pipeline" / "weights.safetensors", tmp_path)
    with pytest.raises(CheckpointError, match="symbolic link"):
        gancore.Pipeline.load(run / "pipeline")


def test_where_images_are_kept_is_not_taken_from_a_run():
    table = {"sources": ["emoji"], "paired": False, "options": {"cache": "/somewhere", "size": [8, 8]}}
    assert Sources.of(table).options.cache is None
    table["options"]["cache"] = "off"
    assert Sources.of(table).options.cache == "off"


def test_no_link_in_a_cache_is_followed(tmp_path):
    writer = cache.Writer(tmp_path / "elsewhere", "key")
    import numpy as np

    image = np.zeros((3, 2, 2), np.uint8)
    writer.append(image)
    writer.commit({"shape": [1, 3, 2, 2], "dtype": "uint8", "skipped": []})
    assert cache.load(tmp_path / "elsewhere", "key") is not None
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "key").symlink_to(tmp_path / "elsewhere" / "key")
    assert cache.load(tmp_path / "cache", "key") is None


def test_no_step_on_the_way_is_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert inside(tmp_path / "link", "a", "b/c") == tmp_path / "link" / "a" / "b" / "c"
    for names in (("link",), ("link", "a"), ("link/a/b",)):
        with pytest.raises(RunError, match="symbolic link"):
            inside(tmp_path, *names)
    for names in (("..",), ("a/../../b",), (str(Path("/etc")),)):
        with pytest.raises(RunError, match="leads out"):
            inside(tmp_path, *names)
