"""Samplers that are networks, and pipelines that draw from them."""

import pytest
import torch
from small import SmallGenerator
from torch import nn

from gancore.component.interfaces import Conditioner
from gancore.component.network_sampler import CHUNK, NetworkSampler
from gancore.component.part import fact, field, part
from gancore.component.validators import above
from gancore.errors import FitError, SpecError, UserError
from gancore.pipeline import Pipeline, check_fit
from gancore.standard.conditioners import Identity
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.samplers import Normal

IMAGE = (1, 2, 2)


@part("test-prior")
class Prior(NetworkSampler):
    """Indices by class, with dropout."""

    conditional = True
    integer = True
    codebook_size: int = fact()
    temperature: float = field(default=1.0, validator=above(0))
    classes: int = fact(default=3)

    @property
    def noise_shape(self):
        return self.latent

    def build(self):
        self.table = nn.Embedding(self.classes, self.codebook_size)
        self.dropout = nn.Dropout(0.5)

    def latents(self, noise, label=None):
        logits = self.dropout(self.table(label)) / self.temperature
        bounds = logits.softmax(1).cumsum(1)[:, :-1].contiguous()
        return torch.searchsorted(bounds, noise.contiguous())


@part("test-codes")
class Codes(Conditioner):
    """A code for each of a few indices, summed."""

    size: int = field(default=6)

    @property
    def latent_shape(self):
        return (5,)

    @property
    def codebook_size(self):
        return self.size

    def build(self):
        self.vectors = nn.Parameter(torch.randn(self.size, *self.code))

    def forward(self, latent, label=None):
        return self.vectors[latent].sum(1)


@pytest.fixture
def pipeline(monkeypatch):
    from gancore.component.discovery import registry

    cls, mine = type(registry()), {(c.kind, c.name): c for c in (Prior, Codes, SmallGenerator)}
    find, name_of = cls.find, cls.name_of
    monkeypatch.setattr(
        cls, "find", lambda self, kind, name: mine.get((kind, name)) or find(self, kind, name)
    )
    monkeypatch.setattr(cls, "name_of", lambda self, c: c.name if c in mine.values() else name_of(self, c))
    made = Pipeline(
        sampler=Prior(latent=(5,), codebook_size=6),
        conditioner=Codes(code=(4,)),
        generator=SmallGenerator(image=IMAGE),
        labels=EmpiricalLabels(classes=3),
    )
    made.labels.learn(torch.tensor([0, 1, 2]))
    return made


def test_it_draws_in_eval_mode_and_stays_in_its_own(pipeline):
    pipeline.sampler.train()
    assert torch.equal(pipeline.sample(8, seed=1), pipeline.sample(8, seed=1))
    assert pipeline.sampler.training


def test_draws_do_not_depend_on_how_many_are_computed_at_a_time(pipeline, monkeypatch):
    n = 2 * CHUNK + 3
    label = torch.arange(n) % 3
    whole = pipeline.draw(n, seed=2, label=label)[0]
    seen = []
    monkeypatch.setattr("gancore.component.network_sampler.CHUNK", 7)
    latents = Prior.latents
    monkeypatch.setattr(
        Prior, "latents", lambda self, *rows: seen.append(len(rows[0])) or latents(self, *rows)
    )
    assert torch.equal(pipeline.draw(n, seed=2, label=label)[0], whole)
    assert max(seen) == 7


def test_a_sampler_alone_may_read_labels(pipeline):
    assert pipeline.conditional and not pipeline.conditioner.conditional
    pipeline.sampler.table.weight.data = 100 * torch.eye(3, 6)
    latent, label = pipeline.draw(30, seed=3)
    assert set(label.tolist()) == {0, 1, 2} and torch.equal(latent[:, 0], label)
    assert pipeline.draw(2, label=torch.tensor([2, 2]))[0].unique().tolist() == [2]
    pipeline.labels = None
    with pytest.raises(UserError, match="sampler/test-prior reads labels, and none can be drawn here"):
        pipeline.draw(2)


def test_options_are_set_when_sampling(pipeline):
    cold = pipeline.with_options({"sampler.temperature": 1e-4})
    assert cold.sampler.temperature == 1e-4 and pipeline.sampler.temperature == 1.0
    assert torch.equal(cold.sampler.table.weight, pipeline.sampler.table.weight)
    label = torch.zeros(20, dtype=torch.long)
    assert len(cold.draw(20, seed=1, label=label)[0].unique()) == 1
    assert torch.equal(
        pipeline.sample(4, seed=5, options={"sampler.temperature": 1e-4}), cold.sample(4, seed=5)
    )
    with pytest.raises(SpecError, match="temperature must be a number above 0"):
        pipeline.with_options({"sampler.temperature": 0.0})
    with pytest.raises(SpecError, match="has no field 'temprature'; did you mean 'temperature'"):
        pipeline.with_options({"sampler.temprature": 1.0})
    with pytest.raises(SpecError, match=r"prior\.x: the parts here are sampler, conditioner, "):
        pipeline.with_options({"prior.x": 1})
    with pytest.raises(SpecError, match=r"conditioner\.size cannot be set after training"):
        pipeline.with_options({"conditioner.size": 9})


def test_neighbors_agree_about_indices():
    conditioner, generator = Codes(code=(4,)), SmallGenerator(image=IMAGE)
    with pytest.raises(FitError, match="normal draws real numbers, .*test-codes reads indices below 6"):
        check_fit(Normal(latent=(5,)), conditioner, generator)
    with pytest.raises(FitError, match="test-prior draws indices below 7, .*reads indices below 6"):
        check_fit(Prior(latent=(5,), codebook_size=7), conditioner, generator)
    with pytest.raises(FitError, match="test-prior draws indices below 7, .*identity reads real numbers"):
        check_fit(Prior(latent=(4,), codebook_size=7), Identity(code=(4,)), generator)
    check_fit(Prior(latent=(5,), codebook_size=6), conditioner, generator)


def test_a_learned_sampler_is_taken_into_a_new_training(pipeline, tmp_path):
    from gancore.runs.transfer import trained_networks

    pipeline.save(tmp_path / "pipeline")
    found, _ = trained_networks(tmp_path / "pipeline")
    assert found["sampler"]["from"] == f"{tmp_path / 'pipeline'}:sampler"
    pipeline.sampler, pipeline.conditioner = Normal(latent=(4,)), Identity(code=(4,))
    pipeline.save(tmp_path / "plain")
    assert "sampler" not in trained_networks(tmp_path / "plain")[0]


def test_the_verb_takes_options_and_labels_of_the_sampler(pipeline):
    import gancore

    cold = gancore.sample(pipeline, count=3, seed=1, label=2, set={"sampler.temperature": 1e-4}).images
    told = torch.full((3,), 2)
    expected = pipeline.sample(3, seed=1, label=told, options={"sampler.temperature": 1e-4})
    assert torch.equal(cold, expected) and not torch.equal(cold, pipeline.sample(3, seed=1, label=told))
    words = gancore.sample(pipeline, count=3, seed=1, label=2, set=["sampler.temperature=1e-4"])
    assert torch.equal(words.images, cold)
