import builtins
import contextlib
import errno
import io
import json
import math
import os
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import MeanConditioner, SmallDiscriminator, SmallGenerator, Source, know_small_parts

from gancore import Pipeline, TwoPlayerGAN
from gancore.component.weights import load_from
from gancore.errors import CheckpointError, GancoreError, RunError
from gancore.runs.folder import committed
from gancore.standard.regularizers import R1
from gancore.storage.files import sweep
from gancore.storage.manifest import MANIFEST, write_manifest
from gancore.training.checkpoint import load_checkpoint, save_checkpoint
from gancore.training.run import TrainingRun

IMAGE = (3, 4, 4)
FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


def fresh(seed=1):
    recipe = TwoPlayerGAN(
        generator=SmallGenerator(noise=0.1),
        conditioner=MeanConditioner(),
        discriminator=SmallDiscriminator(),
        regularizers=[R1(every=2)],
        image=IMAGE,
    )
    recipe.bind(seed=seed)
    return TrainingRun(recipe, Source(), batch=4, total=400, seed=seed)


def steps(run, n):
    for _ in range(n):
        run.recipe.step(run)
        run.step += 1
    return run


def everything(run):
    """All that a run consists of, as bits."""
    tensors = dict(run.recipe.state_dict()) | {"rng": run.rng.get_state()}
    for player_optimizer in run.player_optimizers.values():
        tensors |= player_optimizer.state()[0]
    bits = {name: value.detach().numpy().tobytes() for name, value in tensors.items()}
    return (
        bits,
        run.step,
        run.images,
        run.source.position,
        {k: (float(v), n) for k, (v, n) in run.noted.items()},
    )


def same_state(one, other):
    """Equal tensors; compared as tensors, since their places in memory may differ in order."""
    return everything(one) == everything(other)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A checkpoint that tests copy before they damage it."""
    folder = tmp_path_factory.mktemp("saved")
    run = steps(fresh(), 3)
    return save_checkpoint(run, folder, seconds=1.0, keep=3)


def copy_of(path, tmp_path):
    shutil.rmtree(tmp_path / path.name, ignore_errors=True)
    return Path(shutil.copytree(path, tmp_path / path.name))


# there and back


def test_a_resumed_run_goes_on_to_the_same_bits(tmp_path):
    whole = steps(fresh(), 3)
    path = save_checkpoint(whole, tmp_path, seconds=2.5, keep=1)
    again = fresh(seed=1)
    assert load_checkpoint(again, path) == 2.5
    assert same_state(whole, again)
    assert same_state(steps(whole, 4), steps(again, 4))
    assert torch.equal(
        whole.recipe.pipelines()["image"].sample(4, seed=3),
        again.recipe.pipelines()["image"].sample(4, seed=3),
    )


def test_a_checkpoint_holds_no_pickle(saved):
    assert {f.name for f in saved.iterdir()} == {
        "weights.safetensors",
        "training.safetensors",
        "state.json",
        MANIFEST,
    }
    for file in saved.iterdir():
        content = file.read_bytes()
        assert content[:1] == b"{" or content[8:9] == b"{", file


def test_nothing_of_ours_unpickles(saved, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a pickle was read")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(f"pickle.{name}", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    load_checkpoint(fresh(), saved)
    pipeline = fresh().recipe.pipelines()["image"]
    pipeline.save(tmp_path / "product")
    assert torch.equal(Pipeline.load(tmp_path / "product").sample(2, seed=0), pipeline.sample(2, seed=0))


def test_the_last_few_are_kept(tmp_path):
    run = fresh()
    for _ in range(5):
        save_checkpoint(steps(run, 1), tmp_path, seconds=0, keep=2)
    assert [p.name for p in committed(tmp_path)] == ["00000020", "00000016"]


def test_a_checkpoint_is_never_written_over(tmp_path):
    run = steps(fresh(), 1)
    path = save_checkpoint(run, tmp_path, seconds=0, keep=2)
    before = {f.name: f.stat().st_mtime_ns for f in path.iterdir()}
    run.recipe.generator.linear.bias.data.zero_()
    assert save_checkpoint(run, tmp_path, seconds=9, keep=2) == path
    assert before == {f.name: f.stat().st_mtime_ns for f in path.iterdir()}


# damage


def damaged(path, how):
    file = path / "weights.safetensors"
    if how == "byte":
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
    elif how == "truncated":
        file.write_bytes(file.read_bytes()[:-7])
    elif how == "deleted":
        file.unlink()
    elif how == "not listed":
        table = json.loads((path / MANIFEST).read_text())
        del table["files"]["state.json"]
        (path / MANIFEST).write_text(json.dumps(table))
    elif how == "link":
        file.rename(path.with_name("elsewhere"))
        file.symlink_to(path.with_name("elsewhere"))
    elif how == "listed elsewhere":
        text = (path / MANIFEST).read_text()
        (path / MANIFEST).write_text(text.replace('"state.json"', '"../state.json"'))
    elif how == "edited":
        state = json.loads((path / "state.json").read_text())
        (path / "state.json").write_text(json.dumps({**state, "step": 7}))
    elif how == "no manifest":
        (path / MANIFEST).unlink()
    elif how == "manifest is a list":
        (path / MANIFEST).write_text("[1]")
    elif how == "manifest is torn":
        (path / MANIFEST).write_text((path / MANIFEST).read_text()[:40])
    elif how == "swapped":
        other = (path / "training.safetensors").read_bytes()
        (path / "training.safetensors").write_bytes(file.read_bytes())
        file.write_bytes(other)


DAMAGES = [
    "byte",
    "truncated",
    "deleted",
    "not listed",
    "link",
    "listed elsewhere",
    "edited",
    "no manifest",
    "manifest is a list",
    "manifest is torn",
    "swapped",
]


@pytest.mark.parametrize("how", DAMAGES)
def test_damage_is_refused(saved, tmp_path, how):
    path = copy_of(saved, tmp_path)
    damaged(path, how)
    with pytest.raises(CheckpointError, match=r"(damaged|cannot be read|holds list)"):
        load_checkpoint(fresh(), path)


def test_what_others_put_beside_the_files_is_no_damage(saved, tmp_path):
    path = copy_of(saved, tmp_path)
    for name in (".DS_Store", "desktop.ini", "Thumbs.db", "._weights.safetensors"):
        (path / name).write_bytes(b"x")
    load_checkpoint(fresh(), path)


@pytest.mark.parametrize("value", [math.inf, math.nan, -1, 1.5, 10**30, True, "4", None, [4]])
@pytest.mark.parametrize("name", ["step", "images", "position", "seconds"])
def test_counters_that_are_none_are_refused(saved, tmp_path, name, value):
    if name == "seconds" and value in (1.5, 10**30, True, "4"):
        return
    path = copy_of(saved, tmp_path)
    state = json.loads((path / "state.json").read_text())
    (path / "state.json").write_text(json.dumps({**state, name: value}))
    write_manifest(path)
    with pytest.raises(CheckpointError, match="is damaged"):
        load_checkpoint(fresh(), path)


def test_a_checkpoint_counts_the_images_that_its_name_does(saved, tmp_path):
    path = copy_of(saved, tmp_path)
    state = json.loads((path / "state.json").read_text())
    (path / "state.json").write_text(json.dumps({**state, "images": 10**15}))
    write_manifest(path)
    with pytest.raises(CheckpointError, match="counts 1000000000000000 images"):
        load_checkpoint(fresh(), path)


def flip(path, where, bit):
    files = sorted(f for f in path.rglob("*") if f.is_file())
    sizes = [f.stat().st_size for f in files]
    position = int(where * sum(sizes))
    for file, size in zip(files, sizes, strict=True):
        if position < size:
            content = bytearray(file.read_bytes())
            content[position] ^= 1 << bit
            file.write_bytes(content)
            return f"{file.name}[{position}]"
        position -= size
    raise AssertionError


def harmless(path, original):
    """A flip inside the manifest may leave its meaning as it was, as a tab for a space does."""
    with contextlib.suppress(ValueError):
        mine, theirs = (json.loads((p / MANIFEST).read_text()) for p in (path, original))
        return {k: v for k, v in mine.items() if k == "files"} == {"files": theirs["files"]}
    return False


@FEW
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_of_a_checkpoint_is_accepted(saved, tmp_path, where, bit):
    path = copy_of(saved, tmp_path)
    flip(path, where, bit)
    try:
        load_checkpoint(fresh(), path)
    except CheckpointError:
        return
    assert harmless(path, saved)


@FEW
@given(bit=st.integers(0, 7), where=st.floats(0, 1, exclude_max=True), data=st.data())
def test_no_flipped_bit_of_a_small_file_is_accepted(saved, tmp_path, bit, where, data):
    path = copy_of(saved, tmp_path)
    file = path / data.draw(st.sampled_from([MANIFEST, "state.json"]))
    content = bytearray(file.read_bytes())
    content[int(where * len(content))] ^= 1 << bit
    file.write_bytes(content)
    try:
        load_checkpoint(fresh(), path)
    except CheckpointError:
        return
    assert harmless(path, saved)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 40) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2),
)


@FEW
@given(data=st.data())
def test_a_forged_state_raises_nothing_but_a_checkpoint_error(saved, tmp_path, data):
    path = copy_of(saved, tmp_path)
    state = json.loads((path / "state.json").read_text())
    key = data.draw(st.sampled_from(sorted(state)))
    if data.draw(st.booleans()):
        del state[key]
    else:
        state[key] = data.draw(JSON)
    (path / "state.json").write_text(json.dumps(state))
    write_manifest(path)
    with contextlib.suppress(CheckpointError):
        load_checkpoint(fresh(), path)


def test_a_forged_manifest_does_not_help_other_tensors(saved, tmp_path):
    from safetensors.torch import load_file, save_file

    path = copy_of(saved, tmp_path)
    training = load_file(path / "training.safetensors")
    key = next(name for name in training if name.endswith("exp_avg"))
    training[key] = torch.zeros(3, 3, 3)
    save_file(training, path / "training.safetensors")
    write_manifest(path)
    with pytest.raises(CheckpointError, match=r"optimizer state of shape \(3, 3, 3\) for a weight of shape"):
        load_checkpoint(fresh(), path)


def test_a_forged_manifest_does_not_help_where_a_moment_is_gone(saved, tmp_path):
    from safetensors.torch import load_file, save_file

    path = copy_of(saved, tmp_path)
    training = load_file(path / "training.safetensors")
    del training[next(name for name in training if name.endswith("exp_avg"))]
    save_file(training, path / "training.safetensors")
    write_manifest(path)
    run = fresh()
    load_checkpoint(run, path)
    with pytest.raises(
        CheckpointError, match=r"lacks 'exp_avg' in the state of the optimizer of \w+; use another"
    ):
        run.recipe.step(run)


def test_another_recipes_checkpoint_is_refused(saved):
    recipe = TwoPlayerGAN(generator=SmallGenerator(width=5), discriminator=SmallDiscriminator(), image=IMAGE)
    recipe.bind()
    with pytest.raises(
        CheckpointError,
        match=r"the weights do not fit recipe/two-player: "
        r"generator.linear.weight is \(48, 4\), here \(48, 5\)",
    ):
        load_checkpoint(TrainingRun(recipe, Source(), batch=4), saved)


def test_weights_are_not_taken_from_a_damaged_checkpoint(saved, tmp_path):
    path = copy_of(saved, tmp_path)
    load_from(SmallGenerator(image=IMAGE), f"{path}:generator")
    damaged(path, "byte")
    with pytest.raises(CheckpointError, match="weights.safetensors is not what was written"):
        load_from(SmallGenerator(image=IMAGE), f"{path}:generator")


# pipelines


@FEW
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_of_a_pipeline_is_accepted(product, tmp_path, where, bit):
    path = copy_of(product, tmp_path)
    flip(path, where, bit)
    try:
        Pipeline.load(path)
    except CheckpointError:
        return
    assert harmless(path, product)


@FEW
@given(data=st.data())
def test_a_forged_pipeline_raises_nothing_but_our_errors(product, tmp_path, data):
    path = copy_of(product, tmp_path)
    table = json.loads((path / "pipeline.json").read_text())
    node = table
    for _ in range(data.draw(st.integers(0, 2))):
        inner = [v for v in node.values() if isinstance(v, dict) and v]
        node = data.draw(st.sampled_from(inner)) if inner else node
    node[data.draw(st.sampled_from([*sorted(node), "odd"]))] = data.draw(JSON)
    (path / "pipeline.json").write_text(json.dumps(table))
    write_manifest(path)
    with contextlib.suppress(GancoreError):
        Pipeline.load(path)


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    folder = tmp_path_factory.mktemp("product") / "pipeline"
    fresh().recipe.pipelines()["image"].save(folder)
    return folder


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"gancore": 9}, "is a pipeline of version 9; this gancore reads 1"),
        ({"parts": 3}, "names no conditioner and generator; it is damaged"),
        ({"parts": {"generator": 1, "conditioner": 2}}, "generator is 1, not a table; it is damaged"),
    ],
)
def test_a_pipeline_that_is_none_says_so(product, tmp_path, table, text):
    path = copy_of(product, tmp_path)
    whole = json.loads((path / "pipeline.json").read_text())
    (path / "pipeline.json").write_text(json.dumps({**whole, **table}))
    write_manifest(path)
    with pytest.raises(CheckpointError, match=text):
        Pipeline.load(path)


def test_a_pipeline_is_saved_again_after_a_kill_between_its_two_renames(product, tmp_path):
    pipeline = fresh().recipe.pipelines()["image"]
    shutil.copytree(product, tmp_path / ".product.new.tmp")
    pipeline.save(tmp_path / "product")
    pipeline.save(tmp_path / "product")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["product"]


# dying and failing at every call that touches the disk


class Died(BaseException):
    """The process is gone: nothing after it happens, not even cleaning up."""


class Calls:
    """Stands before every call that writes; the k-th fails, and with `dead` all later ones do too."""

    def __init__(self, monkeypatch, failure, at, dead):
        self.count, self.at, self.failure, self.dead = 0, at, failure, dead
        for name in ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir", "remove"):
            monkeypatch.setattr(os, name, self.before(getattr(os, name)))
        opened = io.open
        for module in (io, builtins):
            monkeypatch.setattr(module, "open", self.before(opened, writing=True))
        import gancore.component.weights

        monkeypatch.setattr(
            gancore.component.weights,
            "save_file",
            self.before(self.half_written(gancore.component.weights.save_file)),
        )

    def before(self, call, writing=False):
        def checked(*args, **kwargs):
            mode = kwargs.get("mode", args[1] if len(args) > 1 else "r")
            if not writing or "r" not in mode:
                self.count += 1
                if self.count == self.at or (self.dead and self.count > self.at):
                    raise self.failure()
            return call(*args, **kwargs)

        return checked

    def half_written(self, save):
        def torn(tensors, path, **words):
            if self.count == self.at - 1:
                self.count += 1
                Path(path).write_bytes(b"\x08\x00")
                raise self.failure()
            save(tensors, path, **words)

        return torn


def test_dying_at_any_call_loses_no_committed_checkpoint(tmp_path, monkeypatch):
    tried = 0
    for k in range(1, 200):
        folder = tmp_path / str(k)
        run = fresh()
        save_checkpoint(steps(run, 1), folder, seconds=0, keep=1)
        at_first = everything(run)
        steps(run, 1)
        with monkeypatch.context() as patch:
            calls = Calls(patch, Died, k, dead=True)
            with contextlib.suppress(Died):
                save_checkpoint(run, folder, seconds=0, keep=1)
        recovered = fresh()
        load_checkpoint(recovered, committed(folder)[0])
        assert everything(recovered) in (at_first, everything(run)), k
        steps(recovered, 1)
        save_checkpoint(recovered, folder, seconds=0, keep=1)
        load_checkpoint(fresh(), committed(folder)[0])
        if calls.count < k:
            break
        tried = k
    assert tried > 10
    assert everything(recovered)[1] == 3


def test_dying_at_any_call_leaves_the_old_pipeline_or_the_new_one(tmp_path, monkeypatch):
    tried, gone = 0, []
    old, new = fresh(1).recipe.pipelines()["image"], fresh(2).recipe.pipelines()["image"]
    images = [p.sample(2, seed=0) for p in (old, new)]
    for k in range(1, 200):
        folder = tmp_path / str(k) / "pipeline"
        old.save(folder)
        with monkeypatch.context() as patch:
            calls = Calls(patch, Died, k, dead=True)
            with contextlib.suppress(Died):
                new.save(folder)
        if folder.exists():
            left = Pipeline.load(folder).sample(2, seed=0)
            assert any(torch.equal(left, image) for image in images)
        else:
            gone.append(k)
        new.save(folder)
        assert torch.equal(Pipeline.load(folder).sample(2, seed=0), images[1])
        if calls.count < k:
            break
        tried = k
    assert tried > 8
    assert len(gone) <= 1, "between its two renames alone may a pipeline be away"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_fails_at_any_call_leaves_what_was_there(tmp_path, monkeypatch, number):
    for k in range(1, 200):
        folder = tmp_path / str(k)
        run = fresh()
        first = save_checkpoint(steps(run, 1), folder, seconds=0, keep=5)
        steps(run, 1)
        with monkeypatch.context() as patch:
            calls = Calls(patch, lambda: OSError(number, os.strerror(number)), k, dead=False)
            try:
                save_checkpoint(run, folder, seconds=0, keep=5)
            except RunError as error:
                assert str(error).startswith(
                    f"cannot write the checkpoint {folder}/00000008: {os.strerror(number)}; "
                    "about 0 MB are needed. "
                )
                assert "Earlier checkpoints are intact: free some disk space, then resume" in str(error)
        load_checkpoint(fresh(), first)
        assert not list(folder.glob(".*")), k
        if calls.count < k:
            break
    assert k > 8


def test_a_full_disk_while_tensors_are_written_is_no_foreign_error(tmp_path, monkeypatch):
    import resource
    import signal

    run = steps(fresh(), 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
        with pytest.raises(RunError, match="cannot write the checkpoint .*File too large"):
            save_checkpoint(run, tmp_path / "checkpoints", seconds=0, keep=1)
        with pytest.raises(RunError, match="cannot write the pipeline .*File too large"):
            run.recipe.pipelines()["image"].save(tmp_path / "pipeline")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [p for p in tmp_path.rglob("*") if p.is_file() or p.name != "checkpoints"] == []


def test_what_is_left_of_an_old_checkpoint_killed_while_it_goes_is_swept_away(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(folder, **_):
        if folder.exists():
            (folder / MANIFEST).unlink()
            raise Killed

    run = steps(fresh(), 1)
    save_checkpoint(run, tmp_path, seconds=0, keep=1)
    steps(run, 1)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(shutil, "rmtree", killed)
        save_checkpoint(run, tmp_path, seconds=0, keep=1)
    newest = f"{run.images:08d}"
    assert [p.name for p in committed(tmp_path)] == [newest] and len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [newest]
