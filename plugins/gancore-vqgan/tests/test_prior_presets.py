"""The settings of second stages, as data."""

import pytest
import torch
from gancore_vqgan.prior.presets import PRESETS

from gancore.component.specs import build

STAGE = {
    "generator": {"part": "vq-vae", "width": 4, "blocks": 1, "vector": 4},
    "encoder": {
        "part": "quantized",
        "network": {"part": "vq-vae", "width": 4, "blocks": 1},
        "quantizer": {"part": "vector", "size": 1024},
    },
}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_they_fit_over_a_first_stage(preset):
    recipe = build({"part": preset.name, **STAGE})
    sizes = {"layers": 1, "width": recipe.sampler.heads}  # the options are checked, not the full size
    table = {**preset.options["sampler"], **sizes}
    made = build({"part": preset.name, **STAGE, "sampler": table})
    made.bind(facts={"image": (3, 16, 16), "classes": 3}, by="the test")
    assert made.built and made.sampler.heads == recipe.sampler.heads
    assert made.optimizer.lr == recipe.optimizer.lr


def test_the_transformer_of_imagenet_has_1_4_billion_weights():
    recipe = build({"part": "code-prior-imagenet", **STAGE})
    with torch.device("meta"):
        recipe.sampler.bind(
            facts={"latent": (16, 16), "codebook_size": 16384, "classes": 1000}, by="the test"
        )
    assert sum(p.numel() for p in recipe.sampler.parameters()) == pytest.approx(1.4e9, rel=0.01)
