"""Importers: how a plugin's reading of published networks becomes a folder."""

from typing import ClassVar

import pytest
import torch
from gancore_gan import MLP, Maxout

import gancore
from gancore import Pipeline, host, load
from gancore.errors import CheckpointError, UserError
from gancore.published import Importer, fill, import_file
from gancore.standard.conditioners import Identity
from gancore.standard.patchgan import BatchPatchGAN
from gancore.standard.samplers import Normal

IMAGE = {"image": (1, 4, 4), "hidden": (8,)}


class Toy(Importer):
    title: ClassVar = "the toy code"
    options: ClassVar = {"noise": ("loud", "quiet")}

    def is_generator(self, network):
        return "toy.g" in network.tensors

    def is_discriminator(self, network):
        return "toy.d" in network.tensors

    def pipeline(self, network, **options):
        generator = MLP(**IMAGE)
        fill(generator, {name: value for name, value in network.tensors.items() if name != "toy.g"})
        shape = generator.code_shape
        return Pipeline(sampler=Normal(latent=shape), conditioner=Identity(code=shape), generator=generator)

    def discriminator(self, network):
        judge = Maxout(**IMAGE)
        fill(judge, {name: value for name, value in network.tensors.items() if name != "toy.d"})
        return judge

    def recipe(self, pipeline):
        return {"part": "gan"}


@pytest.fixture(autouse=True)
def _toy(monkeypatch):
    monkeypatch.setattr("gancore.published.importing.importers", lambda: [Toy()])


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return {**MLP(**IMAGE).state_dict(), "toy.g": torch.ones(1)}


@pytest.fixture
def judge():
    return {**Maxout(**IMAGE).state_dict(), "toy.d": torch.ones(1)}


def saved(path, table):
    torch.save(table, path)
    return path


def test_the_only_generator_is_taken_whatever_its_name(tmp_path, generator, judge):
    file = saved(tmp_path / "x.pt", {"mine": generator, "other": judge})
    made = gancore.import_(file, output=tmp_path / "out")
    assert made.no_recipe == ""
    assert torch.equal(load(tmp_path / "out").sample(2, seed=0), made.pipeline.sample(2, seed=0))
    assert 'part = "gancore-gan:gan"' in (tmp_path / "out" / "recipe.toml").read_text()


def test_the_discriminator_may_be_in_a_file_of_its_own(tmp_path, generator, judge):
    file, other = saved(tmp_path / "g.pth", generator), saved(tmp_path / "d.pth", judge)
    assert gancore.import_(file, output=tmp_path / "a").no_recipe == "the file has no discriminator"
    assert gancore.import_(file, output=tmp_path / "b", discriminator=other).no_recipe == ""
    recipe = gancore.RunFolder(tmp_path / "b").recipe()
    same = recipe.discriminator.state_dict()
    assert all(torch.equal(same[name], value) for name, value in judge.items() if name != "toy.d")


def test_of_several_generators_one_is_named(tmp_path, generator):
    file = saved(tmp_path / "x.pt", {"one": generator, "two": generator})
    with pytest.raises(UserError, match="has the networks one, two; choose one of them with --network"):
        import_file(file, tmp_path / "out")
    assert import_file(file, tmp_path / "out", "two")[1] == "the file has no discriminator"


def test_options_that_the_code_has_not(tmp_path, generator):
    file = saved(tmp_path / "x.pt", generator)
    with pytest.raises(UserError, match="--noise is loud or quiet; got 'gray'"):
        import_file(file, tmp_path / "out", options={"noise": "gray"})
    with pytest.raises(UserError, match="--color does not apply to networks of the toy code"):
        import_file(file, tmp_path / "out", options={"color": "red"})
    assert not (tmp_path / "out").exists()


def test_networks_that_no_plugin_knows(tmp_path):
    file = saved(tmp_path / "x.pt", {"w": torch.ones(2)})
    with pytest.raises(CheckpointError, match="a state dict is not a generator of the toy code; choose"):
        import_file(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_that_do_not_fit_are_the_files_fault(tmp_path, generator):
    file = saved(tmp_path / "x.pt", {**generator, "layers.9.weight": torch.ones(1)})
    with pytest.raises(CheckpointError, match=r"x.pt: network: the network's settings disagree .*not known"):
        import_file(file, tmp_path / "out")


def test_plugins_offer_importers():
    answers, failures = host().ask("gancore_importers")
    assert not failures and any(one.title.startswith("NVIDIA") for several in answers for one in several)


def test_files_of_early_releases_lack_the_counts_of_batches():
    made, other = (BatchPatchGAN(image=(3, 24, 24), width=2) for _ in range(2))
    other(torch.rand(2, 3, 24, 24))
    state = {k: v for k, v in other.state_dict().items() if "num_batches" not in k}
    assert len(state) < len(other.state_dict())
    fill(made, state)
    assert torch.equal(made.body[3].running_mean, other.body[3].running_mean)
    assert made.body[3].num_batches_tracked == 0
    del state["body.3.running_mean"]
    with pytest.raises(CheckpointError, match="body.3.running_mean is missing"):
        fill(made, state)
