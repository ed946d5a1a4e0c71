"""Trainings that begin with the networks of another."""

import pytest
import torch
from runs import OFTEN, begin, game, sources
from small import know_small_parts

from gancore import Recipe, build, part, spec
from gancore.cli import run
from gancore.component.discovery import registry
from gancore.component.specs import read_toml
from gancore.component.weights import read_weights
from gancore.errors import CheckpointError, FitError, RunError
from gancore.runs.transfer import start_from, trained_networks
from gancore.training.start import train


@part("seatless")
class Seatless(Recipe):
    """A recipe without seats."""


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()
    if not any(o.distribution == "gancore-seatless" for o in registry().registrations()):
        registry().add("gancore-seatless", [Seatless])


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return sources(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def old(images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("old") / "run"
    begin(images, folder)
    return folder


def started(source, table=None):
    """A recipe that begins with the networks of a source."""
    networks, image = trained_networks(source)
    recipe = build(start_from(table or spec(game()), networks))
    recipe.bind(facts={"image": image, "classes": 3}, by="the data", seed=5)
    return recipe


def state(recipe, seat):
    return getattr(recipe, seat).state_dict()


def same(mine, saved, name):
    return all(torch.equal(value, saved[f"{name}.{key}"]) for key, value in mine.items())


def test_a_run_gives_its_averaged_networks_and_its_discriminator(old):
    recipe = started(old)
    product, last = (
        read_weights(old / "pipeline/weights.safetensors"),
        read_weights(old / "checkpoints/00000064/weights.safetensors"),
    )
    assert all(same(state(recipe, seat), product, seat) for seat in ("generator", "conditioner"))
    assert same(state(recipe, "discriminator"), last, "discriminator")
    assert same(recipe.average.of("generator").state_dict(), product, "generator")
    assert not same(state(recipe, "generator"), last, "generator")


def test_a_checkpoint_gives_what_was_trained(old):
    place = old / "checkpoints" / "00000048"
    recipe, saved = started(place), read_weights(place / "weights.safetensors")
    assert all(
        same(state(recipe, seat), saved, seat) for seat in ("generator", "conditioner", "discriminator")
    )


def test_a_pipeline_gives_its_parts_and_the_discriminator_is_new(old):
    recipe = started(old / "pipeline")
    assert same(state(recipe, "generator"), read_weights(old / "pipeline/weights.safetensors"), "generator")
    fresh = game()
    fresh.bind(facts={"image": (3, 8, 8), "classes": 3}, by="the data", seed=5)
    assert all(
        torch.equal(value, state(fresh, "discriminator")[key])
        for key, value in state(recipe, "discriminator").items()
    )


def test_options_come_along_and_facts_do_not(old):
    networks, image = trained_networks(old)
    assert image == (3, 8, 8) and networks["generator"]["noise"] == 0.1
    assert "image" not in networks["generator"] and "code" not in networks["conditioner"]


def test_layers_of_the_discriminator_stay_frozen(images, old, tmp_path):
    """FreezeD."""
    networks, _ = trained_networks(old)
    networks["discriminator"]["frozen"] = ["first"]
    training = train(build(start_from(spec(game()), networks)), images, output=tmp_path / "run", **OFTEN)
    before = read_weights(old / "checkpoints/00000064/weights.safetensors")
    after = read_weights(training.folder / "checkpoints/00000064/weights.safetensors")
    moved = {
        name
        for name in before
        if name.startswith("discriminator.") and not torch.equal(before[name], after[name])
    }
    assert moved == {"discriminator.last.weight", "discriminator.last.bias"}


def test_a_frozen_name_means_a_whole_layer():
    table = spec(game()) | {"image": [3, 8, 8]}
    table["discriminator"]["frozen"] = ["fir"]
    with pytest.raises(
        Exception, match="no weight of discriminator/small starts with 'fir'; its layers: first, last"
    ):
        build(table)


def test_weights_of_another_size_are_named(old):
    networks, _ = trained_networks(old)
    recipe = build(start_from(spec(game()), networks))
    with pytest.raises(
        CheckpointError,
        match=r"the weights do not fit generator/small: linear.weight is \(192, 4\), here \(768, 4\)",
    ):
        recipe.bind(facts={"image": (3, 16, 16), "classes": 3}, by="the data")


def test_what_holds_no_networks(tmp_path, old):
    with pytest.raises(
        RunError,
        match="holds no pipeline yet; give a run folder with at least one checkpoint, or a saved pipeline",
    ):
        trained_networks(tmp_path)
    with pytest.raises(
        FitError,
        match=r"recipe/seatless has no seat for .*generator.* \(its seats: none\); train another recipe",
    ):
        start_from({"part": "seatless"}, trained_networks(old)[0])


# the command line


def test_init_trains_on_data_of_the_size_of_the_networks(old, tmp_path, capsys):
    new = [
        "train",
        "two-player",
        "--init",
        str(old),
        "--data",
        "emoji",
        "--images",
        "8",
        "--batch",
        "4",
        "--evaluate-every",
        "0",
    ]
    assert run([*new, "--output", str(tmp_path / "new"), "--set", "generator_optimizer.lr=0"]) == 0
    made, source = (
        read_weights(folder / "pipeline/weights.safetensors") for folder in (tmp_path / "new", old)
    )
    assert all(torch.equal(made[name], source[name]) for name in source if name.startswith("generator."))
    capsys.readouterr()
    assert run([*new, "--output", str(tmp_path / "other"), "--size", "16"]) == 2
    said = capsys.readouterr().err
    assert (
        f"the networks of {old} are for images (3, 8, 8); "
        "omit --size and --channels, or start from other networks" in said
    )
    assert not (tmp_path / "other").exists()


def test_paths_of_weights_hold_from_anywhere(old, images, tmp_path, monkeypatch):
    monkeypatch.chdir(old.parent)
    networks, _ = trained_networks("run")
    recipe = build(start_from(spec(game()), networks))
    made = train(recipe, images, output=tmp_path / "new", **{**OFTEN, "images": 4})
    text = (made.folder / "recipe.toml").read_text()
    assert f'from = "{old}:generator"' in text and 'from = "run:' not in text
    monkeypatch.chdir(tmp_path)
    assert build(read_toml(made.folder / "recipe.toml")).generator is not None


def test_a_folder_that_is_missing_is_said_to_be(tmp_path, capsys):
    assert run(["train", "gan", "--init", str(tmp_path / "nowhere")]) == 1
    assert "nowhere is missing; give a run folder" in capsys.readouterr().err
