"""The Python door: what the command line can do, and what a person expects of a library."""

import ast
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import typer

import gancore
from gancore.cli import app
from gancore.component.discovery import host
from gancore.errors import AmbiguousPart, CheckpointError, RunError, SpecError, UnknownPart, UserError
from gancore.pictures import to_grid, to_pil
from gancore.verbs import ELSEWHERE, PYTHON_ONLY, python_name, python_word

ROOMS = ("standard", "nn", "measure", "latent", "pictures", "training", "runs")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8))
    return path


@pytest.fixture(scope="module")
def training(images, tmp_path_factory):
    return gancore.train(
        "gan",
        images,
        set={"generator.hidden": [16]},
        images=32,
        batch=8,
        checkpoint_every=16,
        evaluate_every=0,
        threads=1,
        output=tmp_path_factory.mktemp("runs") / "gan",
    )


# the two lists


def commands():
    """Each verb with the function that is its like in Python: the core's, then those of plugins."""
    for verb, command in typer.main.get_group(app).commands.items():
        yield verb, command, getattr(gancore, python_name(verb))
    for offer in host().manager.hook.gancore_commands.get_hookimpls():
        extra = typer.Typer()
        extra.callback()(lambda: None)
        offer.function(app=extra)
        for verb, command in typer.main.get_group(extra).commands.items():
            yield verb, command, getattr(offer.plugin, python_name(verb))


def words(verb, command):
    """Arguments and options of a verb, as Python writes them."""
    for param in command.params:
        word = param.name if param.param_type_name == "argument" else max(param.opts, key=len).lstrip("-")
        if word != "help" and (verb, word) not in ELSEWHERE:
            yield python_word(word)


@pytest.mark.parametrize(("verb", "command", "function"), list(commands()), ids=lambda value: str(value)[:20])
def test_each_verb_has_a_function_of_the_same_name_and_options(verb, command, function):
    parameters = inspect.signature(function).parameters
    assert function.__name__ == python_name(verb)
    assert set(words(verb, command)) == set(parameters) - PYTHON_ONLY
    for name in parameters:
        assert f"{name}: " in inspect.getdoc(function), f"{function.__name__} does not say what {name} is"


def test_the_comparison_sees_what_is_missing():
    _, command, function = next(row for row in commands() if row[0] == "mix")
    known = set(inspect.signature(function).parameters) - PYTHON_ONLY
    assert set(words("mix", command)) - {"layers"} != known == set(words("mix", command))
    assert {verb for verb, _, _ in commands()} >= {"train", "list", "import", "likelihood"}


@pytest.mark.parametrize(("verb", "option"), list(ELSEWHERE))
def test_an_option_that_stands_elsewhere_is_a_function(verb, option):
    assert callable(getattr(gancore, ELSEWHERE[verb, option]))


def test_defaults_are_those_of_the_command_line():
    for verb, command, function in commands():
        parameters = inspect.signature(function).parameters
        for param in command.params:
            word = param.name if param.param_type_name == "argument" else max(param.opts, key=len).lstrip("-")
            mine = parameters.get(python_word(word))
            if mine is None or mine.default is inspect.Parameter.empty or param.default is None:
                continue
            given = mine.default if isinstance(mine.default, tuple) else str(mine.default)
            assert given in (str(param.default), ()), f"{verb} --{word}"


# public names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_exports_its_public_names(room):
    package = importlib.import_module(f"gancore.{room}")
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert package.__all__ == sorted(package.__all__) or set(package.__all__) == set(dir(package))
    assert set(dir(package)) >= set(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name not in modules, f"gancore.{room}.{name} would be hidden by a module"


@pytest.mark.parametrize("room", ["standard", "measure"])
def test_a_room_exports_every_part_that_it_registers(room):
    parts = [part.cls for part in gancore.list_parts() if part.cls.__module__.startswith(f"gancore.{room}.")]
    assert parts
    assert not [
        cls for cls in parts if cls.__name__ not in importlib.import_module(f"gancore.{room}").__all__
    ]


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_what_type_checkers_see_is_what_is_there(room):
    package = importlib.import_module(f"gancore.{room}".rstrip("."))
    seen = [
        name.name
        for block in ast.parse(Path(package.__file__).read_text()).body
        if isinstance(block, ast.If)
        for line in block.body
        if isinstance(line, ast.ImportFrom)
        for name in line.names
    ]
    assert sorted(seen) == sorted(package.__all__)


def test_the_names_are_listed_without_torch():
    code = (
        "import sys, gancore, gancore.standard, gancore.measure, gancore.pictures, gancore.latent; "
        "import gancore.nn, gancore.runs, "
        "gancore.training; assert {'train', 'load', 'evaluate', 'create'} <= set(dir(gancore)); "
        "print([m for m in ('torch', 'numpy', 'gancore_dcgan') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'gancore.nn' has no attribute 'nothing'"):
        importlib.import_module("gancore.nn").nothing


# parts by name


def test_create_makes_a_recipe_or_a_part():
    recipe = gancore.create("dcgan", {"generator.width": 8}, image=(3, 16, 16), loss="hinge")
    assert recipe.qualified_name == "recipe/dcgan" and recipe.built and recipe.generator.width == 8
    assert recipe.loss.qualified_name == "loss/hinge"
    assert gancore.create("hinge").qualified_name == "loss/hinge"
    assert gancore.create("regularizer/gancore:r1", gamma=2.0).gamma == 2
    assert gancore.create("gancore-dcgan:dcgan").qualified_name == "recipe/dcgan"
    penalty = gancore.create("r1", gamma=3.0)
    mixed = gancore.create("dcgan", {"generator.width": 4}, regularizers=[penalty])
    assert mixed.regularizers[0] is penalty and mixed.generator.width == 4


def test_create_says_what_is_wrong():
    with pytest.raises(SpecError, match="recipe/dcgan has no field 'widht'"):
        gancore.create("dcgan", widht=3)
    with pytest.raises(SpecError, match="generator.width takes int; got 'wide'"):
        gancore.create("dcgan", {"generator.width": "wide"})
    with pytest.raises(UnknownPart, match="no part of any kind is called 'hinqe'; did you mean loss/hinge"):
        gancore.create("hinqe")
    with pytest.raises(UnknownPart, match=r"there is no kind 'los'; did you mean 'loss'\? known: "):
        gancore.create("los/hinge")


def test_a_name_that_several_kinds_have_lists_where_it_stands():
    with pytest.raises(AmbiguousPart, match="write one of discriminator/dcgan-plain, generator/dcgan-plain"):
        gancore.describe("dcgan-plain")


def test_describe_tells_all_of_a_part():
    found = gancore.describe("path-length")
    assert (found.kind, found.name, found.distribution) == (
        "generator-regularizer",
        "path-length",
        "gancore",
    )
    assert found.others == ("score/path-length",)
    assert found.file.read_text().splitlines()[found.line - 1].startswith(("@part", "class PathLength"))
    assert "arXiv:1912.04958" in found.papers
    weight = found["weight"]
    assert (weight.default, weight.type) == ("2.0", "float") and "0" in weight.range and weight.help
    assert "(render, fake, real)" in found.contract
    assert "generator-regularizer/path-length" in str(found) and "weight: float = 2.0" in str(found)


def test_list_takes_a_pattern(capsys):
    from gancore.cli import run

    assert run(["list", "loss", "--pattern", "h*"]) == 0
    said = capsys.readouterr().out
    assert "hinge" in said and "wasserstein" not in said


def test_every_part_can_be_described():
    for part in gancore.list_parts():
        if part.distribution not in host().versions:
            continue  # offered by a document that another test runs
        found = gancore.describe(part.cls)
        assert found.line > 0 and found.doc and found.contract and found.name in str(found)


def test_a_part_that_was_typed_in_can_be_described(monkeypatch):
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    names = {"__name__": "__main__"}
    exec("from gancore import Loss, part\n@part('typed-in')\nclass TypedIn(Loss):\n    'Typed in.'", names)
    found = gancore.describe(names["TypedIn"])
    assert found.file is None and "not in a file" in str(found) and found.doc == "Typed in."


def test_show_prints_what_describe_says(capsys):
    from gancore.cli import run

    assert run(["show", "path-length", "--doc"]) == 0
    assert capsys.readouterr().out == f"{gancore.describe('path-length')}\n"
    assert gancore.show("path-length").startswith('gancore = 1\npart = "gancore:path-length"')


def test_list_parts_can_be_printed_indexed_and_narrowed():
    found = gancore.list_parts("recipe", pattern="*gan*")
    assert "dcgan" in found.names and "vae" not in found.names
    assert {part.kind for part in found} == {"recipe"}
    assert found[0].name in str(found) and "<td>" in found._repr_html_()
    with pytest.raises(UnknownPart, match="there is no kind 'losses'"):
        gancore.list_parts("losses")


# pipelines and runs


def test_load_takes_runs_checkpoints_and_pipelines_by_text_or_path(training):
    saved, folder = training.folder / "pipeline", training.folder
    expected = gancore.Pipeline.load(saved).sample(3, seed=1)
    for place in (folder, str(folder), saved, training, training.folder / "checkpoints" / "00000032"):
        assert torch.equal(gancore.load(place).sample(3, seed=1), expected), place
    earlier = gancore.load(str(folder / "checkpoints" / "00000016"))
    assert not torch.equal(earlier.sample(3, seed=1), expected)
    with pytest.raises(RunError, match="nowhere is missing"):
        gancore.load("nowhere")
    with pytest.raises(CheckpointError, match=r"gancore\.load"):
        gancore.Pipeline.load(folder)


def test_a_sample_without_a_seed_is_fresh_and_says_which(training):
    pipeline = gancore.load(training)
    assert pipeline.seed is None
    first, seed = pipeline.sample(4), pipeline.seed
    assert not torch.equal(first, pipeline.sample(4)) and pipeline.seed != seed
    assert torch.equal(first, pipeline.sample(4, seed=seed)) and pipeline.seed == seed


def test_a_fresh_seed_leaves_the_global_generator_alone(training):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    gancore.load(training).sample(2)
    assert torch.equal(before, torch.get_rng_state())


def test_images_turn_into_pictures(training):
    found = gancore.sample(training, count=5, seed=3)
    assert len(found) == 5 and found.seed == 3 and found.path is None
    assert torch.equal(found.images, gancore.load(training).sample(5, seed=3))
    assert [picture.size for picture in to_pil(found.images)] == [(8, 8)] * 5
    plain = to_grid(found.images)  # captions stand to the right and below
    assert found.to_grid().crop((0, 0, *plain.size)).tobytes() == plain.tobytes()
    assert found._repr_png_().startswith(b"\x89PNG")


def test_nothing_is_written_but_where_output_says(training, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(training.folder.rglob("*"))
    gancore.sample(training, count=2)
    gancore.evaluate(training, count=20, score="precision-recall", extractor="pixels")
    gancore.directions(training, count=2, space="z")
    gancore.interpolate(training, frames=4)
    assert not list(tmp_path.iterdir()) and sorted(training.folder.rglob("*")) == before
    assert gancore.sample(training, count=2, output="x/two.npy").path == Path("x/two.npy")
    assert np.load("x/two.npy").shape == (2, 3, 8, 8)


def test_evaluate_gives_a_result_to_print_index_and_keep(training, images, tmp_path):
    heard = []
    result = gancore.evaluate(
        training,
        count=30,
        score=["precision-recall", "sliced-wasserstein"],
        extractor="pixels",
        output=tmp_path / "scores.json",
        progress=lambda *words: heard.append(words),
    )
    whole = next(name for name in result if name.startswith("precision["))
    assert result["precision"] == result[whole] == result.scores[whole].value
    assert "precision" in result and whole in str(result) and whole in result._repr_html_()
    assert result.row()[whole] == result[whole] and result.row()["samples"] == training.folder.name
    assert json.loads(result.to_json()) == json.loads((tmp_path / "scores.json").read_text())
    assert result.to_dict()["protocol"]["samples"]["count"] == 30
    assert result.files[0] == tmp_path / "scores.json" and heard
    with pytest.raises(KeyError, match="there is no score 'FD'; available: "):
        result["FD"]


def test_evaluate_truncates_latents_as_sample_does(training):
    how = {"count": 20, "score": "sliced-wasserstein", "extractor": "pixels"}
    narrow = gancore.evaluate(training, threshold=0.1, **how)
    assert narrow.to_dict()["protocol"]["samples"]["threshold"] == 0.1
    assert narrow.scores != gancore.evaluate(training, **how).scores
    with pytest.raises(UserError, match="threshold must be a number above 0"):
        gancore.evaluate(training, threshold=-1.0, **how)


def test_evaluate_compares_folders_of_images(images):
    result = gancore.evaluate(images, against=str(images), score="precision-recall", extractor="pixels")
    assert result["precision"] == result["recall"] == 1
    with pytest.raises(UserError, match="give images to compare it with"):
        gancore.evaluate(images)


def test_directions_are_found_and_followed(training):
    found = gancore.directions(training, method="ganspace", space="z", count=2)
    strips = gancore.edit(training, directions=found, index=[0, 1], from_=-1, to=1, steps=3, seeds=4)
    assert strips.images.shape == (6, 3, 8, 8) and strips.columns == 3
    middle = gancore.load(training).sample(1, seed=4)
    assert (strips.images[1] - middle[0]).abs().max() < 1e-5


def test_a_walk_renders_its_frames_when_asked(training, tmp_path):
    walk = gancore.interpolate(training, seeds=[1, 2, 3], frames=6)
    frames = list(walk.frames())
    assert len(walk) == len(frames) == 6 and frames[0].shape == (1, 3, 8, 8)
    assert (frames[0] - gancore.load(training).sample(1, seed=1)).abs().max() < 1e-5
    assert walk.save(tmp_path / "walk.gif").is_file() and walk._repr_png_().startswith(b"\x89PNG")


def test_progress_tells_how_far_it_is(training):
    heard = []
    gancore.sample(training, count=70, progress=lambda what, done, total: heard.append((what, done, total)))
    assert heard == [("images", 0, 70), ("images", 64, 70), ("images", 70, 70)]


def test_train_tells_how_far_it_is_and_refuses_changes_to_a_built_recipe(images, tmp_path):
    heard = []
    settings = {"images": 8, "batch": 4, "evaluate_every": 0, "threads": 1}
    gancore.train("gan", images, output=tmp_path / "run", progress=lambda *w: heard.append(w), **settings)
    assert heard == [("images", 4, 8), ("images", 8, 8)]
    with pytest.raises(UserError, match="set and init apply to a recipe given by name"):
        gancore.train(gancore.create("gan"), images, set={"batch": 3}, output=tmp_path / "other", **settings)
    assert not (tmp_path / "other").exists()


def test_export_and_report_tell_where_they_wrote(training, tmp_path):
    written = gancore.export(training, format="pipeline", output=tmp_path / "plain")
    assert written.path == tmp_path / "plain" and written.difference == 0
    assert torch.equal(gancore.load(written).sample(1, seed=0), gancore.load(training).sample(1, seed=0))
    assert gancore.report(training) == training.folder / "report.html"


def test_a_notebook_shows_pipelines_and_runs(training):
    assert "generator/" in gancore.load(training)._repr_html_()
    shown = training._repr_html_()
    assert training.folder.name in shown and "data:image/png;base64," in shown


def test_plugins_are_a_result(capsys):
    found = gancore.plugins()
    assert "gancore-dcgan" in found.versions and found.offers["gancore-dcgan"] > 0
    assert f"gancore-dcgan {found.versions['gancore-dcgan']}: " in str(found)


def test_new_writes_a_package(tmp_path):
    folder = gancore.new("my-own", output=tmp_path)
    assert folder == tmp_path / "gancore-my-own" and (folder / "pyproject.toml").is_file()
