"""A run saved when the discriminator of patches still belonged to this plugin loads, renders and goes on."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from gancore.component.specs import build, read_toml, spec
from gancore.component.weights import read_weights
from gancore.data import Unpaired, open_data
from gancore.pipeline import Pipeline, find_pipeline
from gancore.standard.patchgan import PatchGAN
from gancore.training.start import resume

SAVED = Path(__file__).parent / "run-of-0.1.0"


def data() -> Unpaired:
    rng = np.random.default_rng(0)
    source, target = (open_data(rng.random((6, 3, 8, 8), dtype=np.float32)) for _ in range(2))
    return Unpaired(source, target)  # type: ignore[arg-type]


def test_the_recipe_finds_the_discriminator_where_it_is_today() -> None:
    table = read_toml(SAVED / "recipe.toml")
    assert table["target_discriminator"]["part"] == "gancore-cyclegan:patchgan"
    recipe = build(table)
    assert isinstance(recipe.target_discriminator, PatchGAN)
    assert recipe.target_discriminator.layers == 1
    assert spec(recipe)["target_discriminator"] == {"part": "gancore:patchgan", "width": 1, "layers": 1}


@pytest.mark.parametrize("name", ["forward", "backward"])
def test_the_pipelines_render(name: str) -> None:
    pipeline = Pipeline.load(find_pipeline(SAVED, name))
    images = torch.rand(2, 3, 8, 8) * 2 - 1
    assert pipeline.render(images).shape == (2, 3, 8, 8)


def test_the_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    run = shutil.copytree(SAVED, tmp_path / "run")
    training = resume(run, data(), images=8)
    assert training.images == 8
    before = read_weights(SAVED / "checkpoints" / "00000004" / "weights.safetensors")
    after = read_weights(run / "checkpoints" / "00000008" / "weights.safetensors")
    assert before.keys() == after.keys()
    # a step of Adam moves a weight by about its learning rate; the last one, at a rate of 0, moves none
    moved = [
        float((after[key] - before[key]).abs().max())
        for key in before
        if key.startswith("target_discriminator")
    ]
    assert 0 < max(moved) < 1e-3
