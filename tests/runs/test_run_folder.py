"""What the folder of a run says, and the one way to each thing in it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
import numpy as np
import pytest
import torch
from faked_runs import ALARM, FD, fake_run

from gancore import build, evaluate, hookimpl, host, report, resume, spec
from gancore.component.weights import read_weights
from gancore.errors import CheckpointError, RunError, SpecError, UserError
from gancore.pipeline import Pipeline
from gancore.runs import RunFolder, find_pipeline, load_pipeline
from gancore.runs.opening import is_model, weight_files
from gancore.runs.transfer import start_from, trained_networks

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
RUNS = sorted((GOLDEN / "runs").iterdir())
DCGAN, CYCLEGAN = GOLDEN / "runs" / "dcgan-labels", GOLDEN / "runs" / "cyclegan"


def same(one, other):
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[key], theirs[key]) for key in mine)


@pytest.fixture
def fake(tmp_path):
    fake_run(tmp_path / "0007-fake", alarmed=True)
    return RunFolder(tmp_path / "0007-fake")


@pytest.fixture
def copy(tmp_path):
    return RunFolder(shutil.copytree(DCGAN, tmp_path / "run"))


# runs of earlier versions


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_a_run_of_an_earlier_version_says_all_of_it(path):
    run = RunFolder(path)
    assert run.exists and run.missing == [] and run.log.state == "finished"
    assert run.settings.seed == 3 and run.settings.images == 64
    assert run.recipe().name == run.name == run.recipe_spec()["part"].rpartition(":")[2]
    assert [checkpoint.name for checkpoint in run.checkpoints] == ["00000064", "00000032"]
    assert run.log.finished["images"] == 64 and run.log.reports[-1]["images"] == 64
    assert run.best.images in (32, 64) and run.best.score.startswith("FD[")
    assert all(json.loads(file.read_text())["scores"] for file in run.scores)


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_its_data_are_those_that_it_was_trained_on(path):
    run = RunFolder(path)
    known = run.data()
    assert known.held_out is None and known.training.older_fingerprint == run.fingerprint


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_its_last_checkpoint_gives_its_pipeline_and_an_older_one_another(path):
    run = RunFolder(path)
    newest, older = run.checkpoints
    assert same(load_pipeline(newest), run.pipeline())
    if run.name != "pca":  # a closed form knows nothing before its end
        assert not same(load_pipeline(older), run.pipeline())


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_the_best_pipeline_is_that_of_its_checkpoint(path):
    best = RunFolder(path).best
    if (path / "best").exists():
        assert same(best.pipeline(), load_pipeline(RunFolder(path).checkpoint(best.images)))


# one way to a pipeline


@pytest.mark.parametrize("kind", [str, Path, RunFolder])
def test_a_path_may_be_text_or_path_or_run(kind):
    assert find_pipeline(kind(DCGAN)) == DCGAN / "pipeline"
    assert same(load_pipeline(kind(DCGAN)), Pipeline.load(DCGAN / "pipeline"))
    assert same(load_pipeline(kind(DCGAN / "pipeline")), Pipeline.load(DCGAN / "pipeline"))
    assert same(load_pipeline(kind(GOLDEN / "imported")), Pipeline.load(GOLDEN / "imported" / "pipeline"))
    assert RunFolder(kind(DCGAN)) == RunFolder(DCGAN)


@pytest.mark.parametrize("path", [CYCLEGAN, CYCLEGAN / "checkpoints" / "00000064"], ids=["run", "checkpoint"])
def test_one_of_several_is_chosen_by_name_the_first_without(path):
    assert load_pipeline(path).reads == load_pipeline(path, "forward").reads == "source"
    assert load_pipeline(path, "backward").reads == "target"
    with pytest.raises(UserError, match="has the pipelines forward, backward; choose one of them; got 'no'"):
        load_pipeline(path, "no")


@pytest.mark.parametrize("path", [DCGAN, DCGAN / "pipeline", DCGAN / "checkpoints" / "00000064"], ids=str)
def test_an_only_pipeline_has_no_name(path):
    with pytest.raises(UserError, match="is the only pipeline there, and has no name"):
        load_pipeline(path, "image")


def test_where_there_is_no_pipeline_it_says_so(tmp_path, copy):
    with pytest.raises(RunError, match=r"holds no pipeline yet; give a run folder with at least one"):
        load_pipeline(tmp_path)
    with pytest.raises(RunError, match="is missing; give a run folder"):
        load_pipeline(tmp_path / "nowhere")
    (copy.checkpoints[0] / "weights.safetensors").write_bytes(b"torn")
    with pytest.raises(CheckpointError, match=r"is damaged: weights.safetensors is not what was written"):
        load_pipeline(copy.checkpoints[0])


def test_an_index_that_is_damaged_is_named(tmp_path):
    run = RunFolder(shutil.copytree(CYCLEGAN, tmp_path / "run"))
    (run.path / "pipeline" / "pipelines.json").write_text("{")
    with pytest.raises(RunError, match=r"pipelines.json cannot be read"):
        run.pipeline()


def test_the_loader_of_pipelines_names_the_one_that_opens_runs():
    with pytest.raises(CheckpointError, match=re.escape(f"or an import with gancore.load({str(DCGAN)!r})")):
        Pipeline.load(DCGAN)


def test_a_model_is_told_from_images(tmp_path):
    models = (DCGAN, DCGAN / "pipeline", GOLDEN / "imported")
    assert all(map(is_model, models)) and not is_model(tmp_path)


# weights for a part's `from`


@pytest.mark.parametrize(
    ("source", "file"),
    [
        (DCGAN, "pipeline"),
        (DCGAN / "pipeline", "."),
        (DCGAN / "checkpoints" / "00000032", "."),
        (GOLDEN / "imported", "pipeline"),
        (CYCLEGAN, "pipeline/backward"),
    ],
    ids=["run", "pipeline", "checkpoint", "import", "several"],
)
def test_the_weights_of_a_part_are_found_everywhere(source, file):
    assert weight_files(str(source), "generator")[0] == source / file / "weights.safetensors"


@pytest.mark.parametrize("place", ["", "pipeline", "checkpoints/00000064"])
def test_a_part_takes_its_weights_from_there(place):
    source = DCGAN / place
    trained = Pipeline.load(DCGAN / "pipeline").generator
    made = build(spec(trained, complete=True) | {"from": f"{source}:generator"}, "generator")
    mine, theirs = made.state_dict(), trained.state_dict()
    equal = all(torch.equal(mine[key], theirs[key]) for key in theirs)
    assert equal == (not place.startswith("checkpoints"))  # those of a checkpoint are not averaged
    with pytest.raises(SpecError, match=rf"no weights of 'nobody' in {source}"):
        build(spec(trained, complete=True) | {"from": f"{source}:nobody"}, "generator")


def test_a_run_whose_conditioner_has_no_weights_gives_its_networks():
    networks, image = trained_networks(DCGAN)
    assert "from" not in networks["conditioner"] and image == (3, 16, 16)
    recipe = build(start_from({"part": "dcgan"}, networks))
    recipe.bind(facts={"image": image, "classes": 10}, by="the data", seed=0)
    assert same(recipe.generator, RunFolder(DCGAN).pipeline().generator)


def test_a_run_whose_networks_have_seats_of_other_names_gives_them():
    run = RunFolder(CYCLEGAN)
    networks, image = trained_networks(CYCLEGAN)
    assert {"to_target", "to_source", "target_discriminator", "source_discriminator"} <= set(networks)
    recipe = build(start_from(run.recipe_spec(), networks))
    recipe.bind(facts={"image": image, "classes": 0, "source": image}, by="the data", seed=1)
    saved = read_weights(run.checkpoints[0] / "weights.safetensors")
    assert all(
        torch.equal(value, saved[f"{name}.{key}"])
        for name in ("to_target", "to_source", "target_discriminator", "source_discriminator")
        for key, value in getattr(recipe, name).state_dict().items()
    )


def test_of_the_checkpoints_the_newest_comes_first():
    found = weight_files(DCGAN, "discriminator")
    assert [path.parent.name for path in found] == ["pipeline", "00000064", "00000032"]


def test_a_damaged_checkpoint_is_not_taken(copy):
    copy.checkpoints[0].rename(copy.checkpoints[0].with_name(".00000064.damaged"))
    assert [path.parent.name for path in weight_files(copy, "discriminator")] == ["pipeline", "00000032"]


class Elsewhere:
    """A plugin whose folders are laid out in another way."""

    @hookimpl
    def gancore_weights(self, folder, part):
        return [folder / "mine" / "weights.safetensors"] if (folder / "mine").is_dir() else []


def test_a_plugin_may_lay_out_a_folder_of_its_own(tmp_path):
    shutil.copytree(DCGAN / "pipeline", tmp_path / "mine")
    trained = Pipeline.load(tmp_path / "mine").generator
    table = spec(trained, complete=True) | {"from": f"{tmp_path}:generator"}
    with pytest.raises(SpecError, match="no weights of 'generator'"):
        build(table, "generator")
    host().manager.register(plugin := Elsewhere())
    try:
        assert same(build(table, "generator"), trained)
    finally:
        host().manager.unregister(plugin)


# what the texts say


def test_the_texts_are_read_without_torch(fake):
    code = (
        "import sys\nfrom gancore.runs import RunFolder\n"
        f"run = RunFolder({str(fake)!r})\n"
        "run.name, run.log.alarms, run.samples, run.scores, run.best, run.facts, run.missing\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_log_by_kind(fake):
    log = fake.log
    assert [report["step"] for report in log.reports] == list(range(1, 101))
    assert [line["images"] for line in log.of("scores")] == [200, 400, 600, 800, 1000]
    assert FD in log.of("scores")[0]["scores"]
    assert [(alarm.name, alarm.images) for alarm in log.alarms] == [(ALARM["name"], 600)]
    assert log.finished["images"] == 1000 and log.state == "finished"


def test_what_is_written_later_is_seen_at_once(fake):
    before = len(fake.log.lines)
    with fake.log_file.open("a") as file:
        file.write('{"event": "resumed", "images": 1000}\n')
    assert len(fake.log.lines) == before + 1 and fake.log.state == "not finished"


def test_a_damaged_text_is_named_and_the_others_are_read(fake):
    fake.log_file.write_text("no\n")
    fake.settings_file.write_text("no")
    first, second = fake.missing
    assert first.startswith("run.toml is not valid TOML") and "log.jsonl, line 1" in second
    assert fake.log.lines == () and second == fake.log.damage
    assert fake.facts == fake.settings_table == {} and fake.name


def test_an_empty_folder_lacks_everything(tmp_path):
    run = RunFolder(tmp_path)
    assert not run.exists and run.log.state == "not started" and run.best is None
    assert run.checkpoints == run.samples == run.scores == [] and run.command() == ""
    assert [sentence.split()[0] for sentence in run.missing] == ["recipe.toml", "run.toml", "log.jsonl"]
    with pytest.raises(RunError, match=r"is not a run \(no run.toml and recipe.toml\); give the folder that"):
        run.settings


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("settings = 3", "run.toml is damaged: TypeError"),
        ("x = 3", "run.toml is damaged: KeyError"),
        ("[", "run.toml is damaged: TOMLDecodeError"),
        ("[settings]\nbatch = 0", "run.toml: setting: batch must be a whole number, at least 1; got 0"),
        ("[settings]\nbotch = 1", "run.toml: unknown setting botch"),
    ],
)
def test_settings_that_cannot_be_are_refused(copy, text, wrong):
    copy.settings_file.write_text(text)
    with pytest.raises(RunError, match=re.escape(wrong)):
        copy.settings


def test_data_given_in_python_are_not_known(copy):
    text = copy.settings_file.read_text().replace('sources = [\n    "emoji",\n]', 'description = "mine"')
    copy.settings_file.write_text(text)
    assert copy.sources is None and copy.data() is None and copy.data_words == "mine"


def test_what_was_held_out_is_told_apart(copy):
    copy.settings_file.write_text(copy.settings_file.read_text().replace("hold_out = 0", "hold_out = 28"))
    training, held_out = copy.data()
    assert len(training) == 1700 and len(held_out) == 28


# pictures and scores


def test_grids_come_by_pipeline_and_images(fake):
    shutil.copy(fake.samples[0].path, fake.sample_file(500, "forward"))
    assert fake.sample_file(500, "forward").name == "00000500-forward.png"
    grids = [(grid.pipeline, grid.images) for grid in fake.samples]
    assert grids == [*(("", n) for n in (0, 250, 500, 750, 1000)), ("forward", 500)]


def test_scores_go_by_name_or_images(fake):
    assert fake.score_file() == fake.path / "scores" / "evaluation.json"
    assert fake.score_file(1000) in fake.scores and fake.score_file(1000).name == "00001000.json"


def test_pictures_of_an_earlier_version_are_found(fake):
    new = fake.picture("neighbors")
    assert new.name == "neighbors.png" and new.is_file()
    fake.note_picture("neighbors", {"images": 9})
    for path in list(fake.pictures_folder.glob("neighbors.*")):
        path.rename(path.with_name(path.name.replace("neighbors", "neighbours")))
    assert fake.picture("neighbors").name == "neighbours.png"
    assert fake.picture_facts("neighbors") == {"images": 9}
    assert fake.new_picture("neighbors") == new
    shutil.copy(fake.picture("neighbors"), new)
    assert fake.picture("neighbors") == new and fake.picture_facts("neighbors") == {}


# what a training writes


def test_a_new_folder_is_empty_or_numbered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [str(RunFolder.new(None, "dcgan")) for _ in range(2)] == ["runs/0001-dcgan", "runs/0002-dcgan"]
    assert RunFolder.new("mine", "dcgan").path.is_dir()
    Path("mine/note").touch()
    with pytest.raises(RunError, match="mine is not empty; name another folder"):
        RunFolder.new("mine", "dcgan")


def test_a_run_is_held_by_one(copy):
    assert copy.holder is None
    with copy.lock():
        assert copy.holder is not None
        with pytest.raises(RunError, match=f"is in use by process {copy.holder}; wait for it"), copy.lock():
            pass
    with copy.lock():
        pass


def test_a_longer_training_is_noted_and_nothing_else(copy):
    before, recipe = copy.facts, copy.recipe_text
    copy.record_change(recipe=None, settings={"images": 128}, data={}, said={"images": 128})
    assert copy.settings.images == 128 and copy.recipe_text == recipe
    before["settings"]["images"] = 128
    assert copy.facts == {**before, "changes": [{"after": 64, "images": 128}]}


def test_a_described_run_is_not_described_again(copy):
    with pytest.raises(RunError, match=r"now contains a run; resume it with `gancore train --resume"):
        copy.describe(copy.recipe(), copy.settings, {}, [])


def test_a_run_says_the_batch_that_its_recipe_chose(copy, tmp_path):
    assert copy.batch == copy.settings.batch, "a run of an earlier version says it where it was given"
    recipe, fresh = copy.recipe(), RunFolder.new(tmp_path / "new", "dcgan")
    fresh.describe(recipe, attrs.evolve(copy.settings, batch=None, images=1000), {}, [])
    assert fresh.settings.batch is None and fresh.batch == recipe.batch_size
    shorter = RunFolder.new(tmp_path / "short", "dcgan")
    shorter.describe(recipe, attrs.evolve(copy.settings, batch=None, images=5), {}, [])
    assert shorter.batch == 5


def test_what_a_killed_process_left_is_swept(copy):
    for folder in (copy.path, copy.checkpoints_folder, copy.pipelines_folder, copy.best_folder):
        (folder / ".x.tmp").mkdir()
    assert len(copy.half_written) == 4
    copy.sweep()
    assert copy.half_written == [] and len(copy.checkpoints) == 2


def test_the_best_is_written_and_read(copy):
    pipeline = load_pipeline(copy.checkpoints[1])
    copy.save_best({"image": pipeline}, 32, "FD[x]", 1.5)
    best = copy.best
    assert (best.images, best.score, best.value) == (32, "FD[x]", 1.5) and same(best.pipeline(), pipeline)


def test_a_checkpoint_knows_its_run():
    assert RunFolder.around(DCGAN / "checkpoints" / "00000064") == RunFolder(DCGAN)
    assert RunFolder.around(str(DCGAN / "checkpoints")) is RunFolder.around(DCGAN) is None


# one place for the names

NAMES = (
    r"recipe\.toml|run\.toml|log\.jsonl|\.lock|report\.html|checkpoints|pipeline|pipelines\.json|best\.json|"
    r"neighbou?rs\.(?:png|json)|classes\.png|evaluation\.json|pictures"
)
SPELLED = re.compile(
    rf"""/ f?["'](?:{NAMES}|best|samples|scores)["'/]|"""  # joined to a path
    rf"""["'](?:recipe\.toml|run\.toml|log\.jsonl|\.lock|report\.html|pipelines\.json|best\.json|unreadable\.tsv|instances\.tsv)["']|"""
    rf"""glob\(f?["'](?:{NAMES}|samples|scores)/|==\s*["']checkpoints["']"""
)


def test_the_names_of_a_run_are_spelled_in_one_place():
    files = [*(ROOT / "gancore").rglob("*.py"), *(ROOT / "tools").glob("*.py")]
    files += [path for folder in ROOT.glob("plugins/*/*") for path in folder.rglob("*.py")]
    names = ROOT / "gancore" / "storage" / "names.py"
    inside = [names, *(ROOT / "gancore" / "runs").iterdir()]
    outside = [p for p in files if "tests" not in p.parts and p not in inside]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in outside
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if SPELLED.search(line)
    ]
    assert not found, "\n".join(found)
    spelling = (ROOT / "gancore" / "runs" / "layout.py", names)
    layout = "".join(path.read_text(encoding="utf-8") for path in spelling)
    for name in (
        "recipe.toml",
        "run.toml",
        "log.jsonl",
        ".lock",
        "report.html",
        "pipelines.json",
        "best.json",
        "unreadable.tsv",
        "instances.tsv",
    ):
        assert layout.count(f'"{name}"') == 1, name


# paths inside of a run


@pytest.mark.parametrize("inner", ["run.toml", "pipeline/pipeline.json", "samples", "checkpoints"])
def test_what_lies_inside_a_run_leads_to_it(inner):
    with pytest.raises(RunError, match=rf"or a saved pipeline, which is {DCGAN}$"):
        load_pipeline(DCGAN / inner)


@pytest.mark.parametrize("inner", ["pipeline", "checkpoints/00000064"])
def test_a_part_of_a_run_is_neither_resumed_nor_written_into(copy, inner):
    before = sorted(copy.path.rglob("*"))
    for use in (resume, report):
        with pytest.raises(RunError, match=rf"is not a run.* made, which is {copy}$"):
            use(copy.path / inner)
    assert sorted(copy.path.rglob("*")) == before


def test_a_checkpoint_can_be_judged(copy, tmp_path):
    checkpoint = copy.path / "checkpoints" / "00000032"
    before = sorted(copy.path.rglob("*"))
    assert is_model(checkpoint) and find_pipeline(checkpoint) == checkpoint
    image = copy.pipeline().generator.image
    given = np.random.default_rng(0).integers(0, 256, (16, *image), dtype=np.uint8)
    np.save(tmp_path / "given.npy", given)
    found = evaluate(checkpoint, against=tmp_path / "given.npy", count=16, score="kernel")
    assert found.protocol["samples"]["run"] == "run" and sorted(copy.path.rglob("*")) == before
