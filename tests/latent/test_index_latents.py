"""Tools on pipelines whose latents are indices of a codebook."""

import numpy as np
import pytest
import torch
from small import SmallExtractor, SmallGenerator
from torch import nn

from gancore import interpolate
from gancore.component.interfaces import Conditioner
from gancore.component.network_sampler import NetworkSampler
from gancore.component.part import fact, field, part
from gancore.data import open_data
from gancore.errors import Interrupted, UserError
from gancore.exporting.chain import Chain
from gancore.latent import usual_space
from gancore.latent.spaces import FEW, code_space, draws_of
from gancore.latent.walk import Walk
from gancore.measure.evaluation import score_study
from gancore.measure.path_length import PathLength
from gancore.measure.score import Score, Value
from gancore.measure.sets import DatasetImages, PipelineSamples
from gancore.measure.study import Study
from gancore.pipeline import Pipeline
from gancore.standard.samplers import Normal

IMAGE = (1, 8, 8)


@part("index-prior")
class Prior(NetworkSampler):
    """Indices, uniform."""

    integer = True
    codebook_size: int = fact()

    @property
    def noise_shape(self):
        return self.latent

    def latents(self, noise, label=None):
        self.__dict__["rows"] = self.__dict__.get("rows", 0) + len(noise)
        return (noise * self.codebook_size).long()


@part("index-codes")
class Codes(Conditioner):
    """The mean of the vectors of some indices."""

    size: int = field(default=6)

    @property
    def latent_shape(self):
        return (2, 2)

    @property
    def codebook_size(self):
        return self.size

    def build(self):
        self.vectors = nn.Parameter(torch.randn(self.size, *self.code))

    def forward(self, latent, label=None):
        return self.vectors[latent.flatten(1)].mean(1)


@pytest.fixture
def pipeline():
    return Pipeline(
        sampler=Prior(latent=(2, 2), codebook_size=6),
        conditioner=Codes(code=(4,)),
        generator=SmallGenerator(image=IMAGE),
    )


def test_what_needs_a_continuous_space_refuses_z_in_words(pipeline):
    words = "latents of conditioner/index-codes are indices below 6, and nothing lies between two .* choose w"
    with pytest.raises(UserError, match=words):
        interpolate(pipeline, seeds=[1, 2], frames=3)
    with pytest.raises(UserError, match=words):
        code_space(pipeline, "z")
    walk = Walk(pipeline)
    with pytest.raises(UserError, match=words):
        walk.place({"between": [{"seed": 1}, {"seed": 2}], "at": 0.5, "space": "z"})
    with pytest.raises(UserError, match=words):
        walk.place({"seed": 1, "space": "z", "shift": [1.0, 0.0]})


def test_w_is_walked_in_as_ever(pipeline):
    assert usual_space(pipeline) == "w"
    assert interpolate(pipeline, seeds=[1, 2], frames=3, space="w").route.space == "w"
    assert Walk(pipeline).image({"seed": 3}).shape == (1, *IMAGE)


def test_few_latents_are_drawn_from_a_network(pipeline):
    code_space(pipeline)
    assert pipeline.sampler.rows <= FEW + 8
    assert draws_of(pipeline) == FEW
    pipeline.sampler = Normal(latent=(2, 2))
    assert draws_of(pipeline) == 10_000


def test_an_exported_chain_reads_indices(pipeline):
    chain = Chain(pipeline)
    given = chain.examples(3)
    assert given["latent"].dtype == torch.int64
    assert chain(*(given[name] for name in chain.names)).shape == (3, *IMAGE)


@part("index-fails")
class Fails(Score):
    """A score whose code is wrong."""

    error: str = field(default="")

    def forward(self, study):
        raise Interrupted("stop") if self.error else ZeroDivisionError("no paths")


@part("index-counts")
class Counts(Score):
    """The number of samples."""

    def forward(self, study):
        return {"count": Value(float(len(study.samples)), better="neither")}


def study_of(pipeline):
    rng = np.random.default_rng(0)
    real = DatasetImages(open_data(rng.integers(0, 256, (40, *IMAGE), dtype=np.uint8), layout="NCHW"))
    return Study(PipelineSamples(pipeline, 30), real, SmallExtractor(), pipeline=pipeline)


def test_a_score_that_fails_takes_no_other_down(pipeline):
    found = score_study(study_of(pipeline), [Fails(), PathLength(count=100), Counts()])
    assert "PPL w[small-1]" in found.scores and found.scores["count"].value == 30
    assert not any("PPL z" in name for name in found.scores)
    assert found.left_out == {"index-fails": "it failed with ZeroDivisionError('no paths')"}
    with pytest.raises(ZeroDivisionError):
        score_study(study_of(pipeline), [Fails()], strict=True)
    with pytest.raises(Interrupted):
        score_study(study_of(pipeline), [Fails(error="stop")])
