"""How much of a codebook is used: as a score, as a diagnostic, and as an alarm."""

import math

import pytest
import torch
from toy_study import images, pipeline, study

from gancore import Pipeline
from gancore.component.interfaces import Encoder
from gancore.component.part import field, part
from gancore.errors import MeasureError
from gancore.measure.alarms import DRAWN
from gancore.measure.codebook import CodebookUse, index_shares, perplexity, usage
from gancore.measure.diagnostics import of_codes
from gancore.measure.evaluation import score_study
from gancore.standard import Codebook, ResidualQuantizer, VectorQuantizer


@part("codebook-test")
class Shades(Encoder):
    """An index for each of the four corners: how bright it is, in so many shades."""

    gives = "latent"
    shades: int = field(default=3)
    depth: int = field(default=0)

    def forward(self, image, label=None):
        corners = image[:, 0, ::15, ::15]  # (N, 2, 2)
        index = ((corners + 1) / 2 * self.shades).long().clamp(max=self.shades - 1)
        return index if not self.depth else torch.stack([index] + [0 * index] * (self.depth - 1), -1)


def quantized(shades, *, size=8, depth=0):
    inner = VectorQuantizer(size=size)
    if depth:
        inner = ResidualQuantizer(quantizers=[VectorQuantizer(size=size) for _ in range(depth)])
    generator = pipeline(encoder=True).generator
    conditioner = Codebook(quantizer=inner, code=(generator.code_shape[0], 2, 2))
    encoder = Shades(shades=shades, depth=depth, image=generator.image)
    return Pipeline(conditioner=conditioner, generator=generator, encoder=encoder)


def test_shares_of_known_indices():
    shares = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]], dtype=torch.float64)
    assert usage(shares).tolist() == [0.5, 1.0]
    assert perplexity(shares).tolist() == pytest.approx([2.0, 4.0])


def test_the_score_is_that_of_the_indices_of_the_reference():
    judged = study(40, pipeline=quantized(3))
    found = CodebookUse()(judged)
    index = judged.pipeline.encode(judged.reference.all)
    p = torch.bincount(index.flatten(), minlength=8).double() / index.numel()
    p = p[p > 0]
    assert found["codebook usage"].value == len(p) / 8
    assert found["codebook perplexity"].value == pytest.approx(math.exp(-float((p * p.log()).sum())))
    assert all(value.better == "higher" for value in found.values())


def test_each_codebook_of_a_residual_quantizer_counts():
    judged = study(40, pipeline=quantized(8, depth=2))
    shares = index_shares(judged.pipeline, judged.reference.all)
    assert shares.shape == (2, 8) and shares[1, 0] == 1
    first = float(usage(shares)[0])
    assert CodebookUse()(judged)["codebook usage"].value == pytest.approx((first + 1 / 8) / 2)


def test_it_needs_an_encoder_that_gives_indices():
    found = score_study(study(40, pipeline=pipeline(encoder=True)), [CodebookUse()])
    assert "needs a pipeline whose encoder gives indices of a codebook" in found.left_out["codebook"]
    with pytest.raises(MeasureError, match="at least 2 images in the reference"):
        CodebookUse()(study(real=images(1), pipeline=quantized(3)))


def test_the_diagnostic_is_relative_to_what_the_places_could_use():
    few = study(40, pipeline=quantized(3, size=1000))
    assert of_codes(few.pipeline, few)["codebook usage"] == pytest.approx(3 / min(1000, 40 * 4))
    many = study(2 * DRAWN, pipeline=quantized(3))
    assert of_codes(many.pipeline, many)["codebook usage"] == pytest.approx(3 / 8)
    assert of_codes(pipeline(encoder=True), few) == {}
