"""A second stage over every quantizer: it draws its indices, and leaves it as it is."""

import pytest
import torch
from gancore_vqgan import CodePrior

from gancore.data.first_stage import FirstStage
from gancore.testing.stage import drive, start

VECTOR = {"part": "vector", "size": 5}
NETWORK = {"part": "vq-vae", "width": 4, "blocks": 1}
TWO_LEVELS = {"part": "vq-vae-2", "width": 4, "residual": 2, "blocks": 1}
SAMPLER = {"part": "transformer", "layers": 1, "heads": 2, "width": 4, "deviation": 0.5}
QUANTIZERS = {
    "vector": VECTOR,
    "moving-average": {"part": "moving-average", "size": 5},
    "cosine": {"part": "cosine", "size": 5},
    "simvq": {"part": "simvq", "size": 5},
    "gumbel": {"part": "gumbel", "size": 5},
    "fsq": {"part": "fsq", "levels": [3, 2, 2, 2]},
    "lfq": {"part": "lfq"},
    "residual": {"part": "residual", "quantizers": [VECTOR, {"part": "moving-average", "size": 5}]},
    "grouped": {"part": "grouped", "quantizers": [VECTOR, VECTOR]},
    "k-means-start": {"part": "k-means-start", "quantizer": VECTOR},
    "revival": {"part": "revival", "quantizer": VECTOR},
    "entropy-penalty": {"part": "entropy-penalty", "quantizer": VECTOR},
    "rotation-trick": {"part": "rotation-trick", "quantizer": VECTOR},
    "projected": {"part": "projected", "quantizer": VECTOR, "depth": 2},
}
STAGES = {
    name: {
        "generator": {**NETWORK, "vector": 4},
        "encoder": {"part": "quantized", "network": NETWORK, "quantizer": quantizer},
    }
    for name, quantizer in QUANTIZERS.items()
}
STAGES["two levels"] = {
    "generator": {**TWO_LEVELS, "vector": 3},
    "encoder": {**TWO_LEVELS, "quantizer": {"part": "levels", "quantizers": [VECTOR, VECTOR]}},
}


@pytest.mark.parametrize("name", STAGES)
def test_it_is_left_as_it_is(name):
    recipe = CodePrior(**STAGES[name], sampler=SAMPLER, image=(1, 16, 16))
    before = {key: value.clone() for key, value in recipe.encoder.state_dict().items()}
    drive(start(recipe), 2)
    after = recipe.encoder.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)
    pipeline = recipe.pipelines()["image"]
    drawn, _ = pipeline.draw(2, seed=0)
    assert drawn.shape[1:] == recipe.encoder.quantizer.index_shape
    assert pipeline.sample(2, seed=0).shape == (2, 1, 16, 16)


@pytest.mark.parametrize("name", STAGES)
def test_maps_before_quantization_are_decoded_as_their_indices(name):
    """What a game on codes learns is quantized once, on its way to the decoder."""
    pipeline = CodePrior(**STAGES[name], sampler=SAMPLER, image=(1, 16, 16)).pipelines()["image"]
    stage, image = FirstStage(pipeline), torch.rand(3, 1, 16, 16) * 2 - 1
    maps = stage.encode(image)
    with torch.no_grad():
        snapped = pipeline.conditioner.snap(maps.reshape(-1, *pipeline.generator.code_shape))
        decoded = pipeline.generator(snapped).clamp(-1, 1)
    assert not torch.allclose(maps.flatten(), snapped.flatten())
    torch.testing.assert_close(decoded, pipeline.reconstruct(image))
