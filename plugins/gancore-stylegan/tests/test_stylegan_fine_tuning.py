"""Training that begins with an imported network."""

import math

import numpy as np
import pytest
import torch
from stylegan_import_maker import (
    DISCRIMINATOR_KWARGS,
    KWARGS,
    labeled,
    network_pickle,
    tiny_discriminator,
    tiny_stylegan2,
    tree,
)

from gancore.cli import run as gancore
from gancore.component.specs import build
from gancore.component.weights import read_weights
from gancore.errors import CheckpointError
from gancore.published import import_discriminator, read_networks
from gancore.runs.opening import find_pipeline, load_pipeline
from gancore.runs.transfer import start_from, trained_networks
from gancore.verbs.recipes import recipe_of

SHORT = [
    "--images",
    "8",
    "--batch",
    "4",
    "--checkpoint-every",
    "8",
    "--evaluate-every",
    "0",
    "--hold-out",
    "0",
    "--threads",
    "1",
]


def imported(folder, generator=None, judge=None):
    generator, judge = (
        generator or (tiny_stylegan2(), KWARGS),
        judge or (tiny_discriminator(), DISCRIMINATOR_KWARGS),
    )
    networks = {
        "G": tree(
            {name: value + 1 for name, value in generator[0].items() if "filter" not in name},
            kwargs=generator[1],
        )
    }
    networks |= {
        "D": tree(judge[0], kwargs=judge[1], name="Discriminator"),
        "G_ema": tree(generator[0], kwargs=generator[1]),
    }
    path = folder / "network.pkl"
    path.write_bytes(network_pickle(networks))
    assert gancore(["import", str(path), "--output", str(folder / "imported")]) == 0
    return folder / "imported"


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (12, 3, 8, 8), dtype=np.uint8))
    return str(path)


def test_a_recipe_begins_with_the_networks_of_the_file(tmp_path, capsys):
    folder = imported(tmp_path)
    assert (
        f"to train it further: gancore train {folder / 'recipe.toml'} --data IMAGES"
        in capsys.readouterr().out
    )
    recipe = recipe_of(str(folder / "recipe.toml"), [])
    begun, pipeline = recipe.pipelines()["image"], load_pipeline(folder)
    assert torch.equal(begun.sample(3, seed=4, truncation=0.5), pipeline.sample(3, seed=4, truncation=0.5))
    judge = import_discriminator(read_networks(tmp_path / "network.pkl")["D"])
    assert all(
        torch.equal(value, recipe.discriminator.state_dict()[name])
        for name, value in judge.state_dict().items()
    )
    assert recipe.qualified_name == "recipe/stylegan2" and recipe.regularizers[0].every == 16


def test_another_recipe_begins_with_both_networks(tmp_path):
    folder = imported(tmp_path)
    networks, image = trained_networks(folder)
    recipe = build(start_from({"part": "two-player", "image": list(image)}, networks))
    judge = import_discriminator(read_networks(tmp_path / "network.pkl")["D"])
    assert all(
        torch.equal(value, recipe.discriminator.state_dict()[name])
        for name, value in judge.state_dict().items()
    )
    assert recipe.generator.qualified_name == "generator/stylegan2"


def test_two_steps_of_training(tmp_path, images, monkeypatch):
    folder = imported(tmp_path)
    monkeypatch.chdir("/")
    run = tmp_path / "run"
    assert (
        gancore(["train", str(folder / "recipe.toml"), "--data", images, "--output", str(run), *SHORT]) == 0
    )
    trained, begun = (read_weights(find_pipeline(path) / "weights.safetensors") for path in (run, folder))
    assert trained.keys() >= begun.keys()
    moved = [float((trained[name] - begun[name]).abs().max()) for name in begun if name.endswith("weight")]
    assert 0 < max(moved) < 0.1
    assert gancore(["train", "--resume", str(run), "--images", "12"]) == 0


def test_labels_and_a_frozen_layer(tmp_path):
    folder = imported(
        tmp_path, labeled(tiny_stylegan2(), KWARGS), labeled(tiny_discriminator(), DISCRIMINATOR_KWARGS)
    )
    recipe = recipe_of(str(folder / "recipe.toml"), ["discriminator.frozen=['from_image']"])
    assert recipe.classes == 2 and recipe.wants == {"image", "label"}
    assert (
        not recipe.discriminator.from_image.weight.requires_grad
        and recipe.discriminator.score.weight.requires_grad
    )
    label = torch.tensor([0, 1])
    assert torch.equal(
        recipe.pipelines()["image"].sample(2, seed=1, label=label),
        load_pipeline(folder).sample(2, seed=1, label=label),
    )


def test_data_that_the_networks_are_not_for(tmp_path, images, capsys):
    folder = imported(tmp_path)
    words = ["train", str(folder / "recipe.toml"), "--data", images, *SHORT, "--output"]
    assert gancore([*words, str(tmp_path / "a"), "--size", "16"]) == 2
    error = capsys.readouterr().err
    assert (
        "image is (3, 8, 8) according to recipe/stylegan2 itself, but (3, 16, 16) according to the data"
        in error
        and "make them agree" in error
    )
    (folder / "pipeline" / "weights.safetensors").unlink()
    assert gancore([*words, str(tmp_path / "b")]) != 0
    assert "no weights of 'generator' in" in capsys.readouterr().err


def test_labels_that_the_data_have_not(tmp_path, images, capsys):
    folder = imported(
        tmp_path, labeled(tiny_stylegan2(), KWARGS), labeled(tiny_discriminator(), DISCRIMINATOR_KWARGS)
    )
    assert (
        gancore(
            ["train", str(folder / "recipe.toml"), "--data", images, *SHORT, "--output", str(tmp_path / "a")]
        )
        == 2
    )
    assert (
        "classes is 2 according to recipe/stylegan2 itself, but 0 according to the data"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "skip"}, "the weights do not fit discriminator/stylegan2-skip"),
        (
            {"architecture": "stairs"},
            "made with architecture stairs; only resnet, skip, orig can be imported",
        ),
        (
            {"epilogue_kwargs": {"mbstd_num_channels": 2}},
            "made with mbstd_num_channels 2; only 1 can be imported",
        ),
        ({"epilogue_kwargs": {"mbstd_group_size": 0}}, "mbstd_group_size is 0, not a whole number"),
        (
            {"channel_max": 512, "channel_base": 2**20},
            r"disagree with its weights: b8.conv0.weight is \(4, 4, 3, 3\)",
        ),
        ({"img_resolution": 16}, "disagree with its weights: b16.conv0.weight is missing"),
        ({"img_resolution": 12}, "images of 12 pixels a side; only powers of two"),
        ({"block_kwargs": 3}, "settings mapping_kwargs, block_kwargs, epilogue_kwargs are not tables"),
        ({"c_dim": 2}, "disagree with its weights: mapping.embed.weight is missing"),
    ],
)
def test_discriminators_that_cannot_be_imported_leave_a_pipeline(tmp_path, capsys, changes, message):
    folder = imported(tmp_path, judge=(tiny_discriminator(), DISCRIMINATOR_KWARGS | changes))
    assert "no recipe: the discriminator cannot be imported: " in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["pipeline"]
    with pytest.raises(CheckpointError, match=message):
        import_discriminator(read_networks(tmp_path / "network.pkl")["D"])


def test_a_discriminator_of_another_size_is_left(tmp_path, capsys):
    small = {name.replace("b8", "b16"): value for name, value in tiny_discriminator().items()}
    small |= {
        name: value
        for name, value in tiny_discriminator().items()
        if name.startswith("b8.") and "fromrgb" not in name
    }
    imported(tmp_path, judge=(small, DISCRIMINATOR_KWARGS | {"img_resolution": 16, "channel_base": 64}))
    assert "no recipe: the discriminator reads images (3, 16, 16), not (3, 8, 8)" in capsys.readouterr().out


def test_an_imported_recipe_is_one_that_resumes(tmp_path):
    """The released code has no ramp-up of the average where a training begins with a network, and no blur."""
    recipe = recipe_of(str(imported(tmp_path) / "recipe.toml"), [])
    assert (recipe.average.half_life, recipe.average.ramp_up) == (10_000, math.inf)
    assert recipe.average.decay(images=4, batch=4) == 0.5 ** (4 / 10_000)
    assert recipe.augment.qualified_name == "augment/no-augment"
