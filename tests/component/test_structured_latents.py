"""Latents of several shapes, in one tensor: normal ones as of a ladder VAE, indices as of VQ-VAE-2."""

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from gancore import Conditioner, Generator, Pipeline, Quantizer, Sampler, part, seat
from gancore.nn import Hierarchy
from gancore.pipeline import check_fit
from gancore.standard import Normal, UniformIndices, VectorQuantizer
from gancore.testing.check import checks_for
from gancore.testing.running import run_check

IMAGE = (1, 8, 8)
CODE = Hierarchy([(3, 2, 2), (2, 4, 4)])  # coarse to fine


@part("structured-decoder")
class Decoder(Generator):
    """Adds up what two code maps say at their scales."""

    @property
    def code_shape(self):
        return CODE.shape

    def build(self):
        self.layers = nn.ModuleList([nn.Conv2d(3, 1, 1), nn.Conv2d(2, 1, 1)])

    def forward(self, code):
        maps = [layer(level) for layer, level in zip(self.layers, CODE.split(code), strict=True)]
        return torch.tanh(sum(nn.functional.interpolate(m, self.image[1:]) for m in maps)).float()


@part("structured-ladder")
class Ladder(Conditioner):
    """A latent for each of two layers; the coarse one moves the fine one."""

    examples = ({"code": CODE.shape},)
    levels = Hierarchy([(5,), (2, 4, 4)])

    @property
    def latent_shape(self):
        return self.levels.shape

    def build(self):
        self.down, self.maps = nn.Linear(5, 2), nn.Linear(5, 12)

    def forward(self, latent, label=None):
        coarse, fine = self.levels.split(latent)
        fine = fine * torch.exp(self.down(coarse))[:, :, None, None]
        return CODE.join([self.maps(coarse).reshape(-1, 3, 2, 2), fine.float()]).float()


@part("structured-codebooks")
class Codebooks(Conditioner):
    """A map of indices for each of two scales, each with its own codebook."""

    examples = ({"code": CODE.shape},)
    levels = Hierarchy([(2, 2), (4, 4)])

    quantizers: Sequence[Quantizer] = seat(factory=lambda: [VectorQuantizer(size=6) for _ in range(2)])

    def facts(self, seat):
        _, dot, number = seat.partition(".")
        return {"code": CODE.shapes[int(number)]} if dot else {}

    @property
    def latent_shape(self):
        return self.levels.shape

    @property
    def codebook_size(self):
        return self.quantizers[0].codebook_size

    def forward(self, latent, label=None):
        pairs = zip(self.quantizers, self.levels.split(latent), strict=True)
        return CODE.join([quantizer.look_up(indices) for quantizer, indices in pairs])


def pipeline_of(conditioner: Conditioner, sampler: Sampler) -> Pipeline:
    generator = Decoder(image=IMAGE)
    check_fit(sampler, conditioner, generator)
    return Pipeline(sampler=sampler, conditioner=conditioner, generator=generator)


@pytest.mark.parametrize(
    ("conditioner", "sampler"),
    [
        (Ladder(code=CODE.shape), Normal(latent=(37,))),
        (Codebooks(code=CODE.shape), UniformIndices(latent=(20,), codebook_size=6)),
    ],
    ids=["ladder", "codebooks"],
)
def test_a_hierarchy_is_drawn_and_rendered_as_one_tensor(conditioner, sampler):
    pipeline = pipeline_of(conditioner, sampler)
    latent, _ = pipeline.draw(70, seed=1)
    assert latent.shape == (70, *conditioner.levels.shape)
    image = pipeline.render(latent)
    assert image.shape == (70, *IMAGE)
    changed = conditioner.levels.split(latent)
    changed[1] = changed[1].flip(0)  # the fine level of another sample
    other = pipeline.render(conditioner.levels.join(changed))
    assert not torch.equal(other[0], image[0])
    assert torch.equal(pipeline.sample(70, seed=1), pipeline.render(latent, seed=1))


def test_each_codebook_is_told_its_own_map():
    conditioner = Codebooks(code=CODE.shape)
    assert [q.code for q in conditioner.quantizers] == [(3, 2, 2), (2, 4, 4)]
    assert [tuple(q.vectors.shape) for q in conditioner.quantizers] == [(6, 3), (6, 2)]
    first, second = (q.vectors for q in conditioner.quantizers)
    assert not torch.equal(first[:, :2], second)


@pytest.mark.parametrize("cls", [Ladder, Codebooks])
@pytest.mark.parametrize("name", ["makes_codes", "rows_are_exact", "gradient_reaches_everything"])
def test_such_conditioners_keep_their_contract(cls, name):
    (check,) = [check for check in checks_for(cls) if check.name == name]
    run_check(cls, check)
