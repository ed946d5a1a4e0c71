"""Images larger than those of the training."""

import pytest
import torch
from gancore_vqgan import (
    LabeledTransformer,
    MaskGIT,
    PixelCNN,
    Transformer,
    VQGANDecoder,
    VQVAEDecoder,
    enlarged,
)

from gancore.errors import UserError
from gancore.pipeline import Pipeline
from gancore.standard.labels import UniformLabels
from gancore.standard.quantizers import Codebook

MAP = {"latent": (4, 4), "codebook_size": 6}
NARROW = {"multipliers": (1, 2), "blocks": 1, "attention": (4,), "groups": 2, "channels": 3}
DECODERS = [
    VQGANDecoder(width=4, vector=3, image=(1, 8, 8), **NARROW),
    VQVAEDecoder(width=4, blocks=1, vector=3, image=(1, 16, 16)),
]


def pipeline(sampler, generator, **more):
    conditioner = Codebook(
        quantizer={"part": "projected", "depth": 2, "quantizer": {"part": "vector", "size": 6}},
        code=generator.code_shape,
    )
    return Pipeline(sampler=sampler, conditioner=conditioner, generator=generator, **more)


@pytest.mark.parametrize("generator", DECODERS)
def test_a_transformer_draws_through_its_window(generator, tmp_path):
    sampler = Transformer(**MAP, layers=1, heads=2, width=4, deviation=0.5)
    small = pipeline(sampler, generator)
    factor = generator.image[1] // 4
    large = enlarged(small, 6 * factor, 5 * factor)
    assert large.sampler.window == (4, 4) and large.sampler.latent == (6, 5)
    assert large.sample(2, seed=0).shape == (2, 1, 6 * factor, 5 * factor)
    # the same weights: while the window is at the corner, the same noise draws the same indices
    noise = torch.rand(8, 6, 5, generator=torch.Generator().manual_seed(0))
    drawn = large.sampler.eval().latents(noise)
    assert torch.equal(drawn[:, 0, :3], small.sampler.eval().latents(noise[:, :4, :4])[:, 0, :3])
    large.save(tmp_path / "large")
    assert torch.equal(Pipeline.load(tmp_path / "large").sample(1, seed=3), large.sample(1, seed=3))


def test_a_pixelcnn_needs_no_window():
    sampler = PixelCNN(**MAP, layers=2, width=4)
    large = enlarged(pipeline(sampler, DECODERS[1]), 16, 20)
    assert large.sample(2, seed=0).shape == (2, 1, 16, 20)


def test_labels_stay():
    sampler = LabeledTransformer(**MAP, layers=1, heads=2, width=4, classes=3)
    large = enlarged(pipeline(sampler, DECODERS[1], labels=UniformLabels(classes=3)), 20, 20)
    assert large.sample(2, label=torch.tensor([0, 2]), seed=0).shape == (2, 1, 20, 20)


def test_what_does_not_fit_is_said():
    small = pipeline(PixelCNN(**MAP, layers=2, width=4), DECODERS[1])
    with pytest.raises(UserError, match="12×16 do not fit: give sides of at least 16×16.* multiples of 4"):
        enlarged(small, 12, 16)
    with pytest.raises(UserError, match="16×18 do not fit"):
        enlarged(small, 16, 18)
    masked = pipeline(MaskGIT(**MAP, layers=1, heads=2, width=4), DECODERS[1])
    with pytest.raises(UserError, match="sampler/maskgit draws no maps of other sizes"):
        enlarged(masked, 32, 32)
