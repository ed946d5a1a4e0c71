"""Frozen extractors stand in checkpoints by their hash."""

import pytest
import torch
from safetensors.torch import load_file
from small import SmallGenerator

from gancore import Generator, Optimizer, Pipeline, Player, Recipe, part, seat
from gancore.component.interfaces import Extractor
from gancore.component.references import referred
from gancore.component.weights import FILE
from gancore.errors import CheckpointError, UserError
from gancore.measure.extractors import Emoji, Inception2015, Pixels
from gancore.standard import Adam, Identity, Normal
from gancore.testing.stage import start
from gancore.training.checkpoint import load_checkpoint, save_checkpoint

IMAGE = (3, 8, 8)


@part("reference-recipe")
class Perceptual(Recipe):
    """Images like those of the data, as the maps of an extractor see them."""

    generator: Generator = seat(default=SmallGenerator)
    extractor: Extractor = seat(default=Emoji)
    optimizer: Optimizer = seat(default=Adam)

    def facts(self, seat):
        return {"image": self.image}

    def build(self):
        self.prior = Normal(latent=tuple(self.generator.code_shape))

    def players(self):
        return {"model": Player([self.generator], self.optimizer)}

    def pipelines(self):
        identity = Identity(code=tuple(self.generator.code_shape))
        return {"image": Pipeline(sampler=self.prior, conditioner=identity, generator=self.generator)}

    def terms(self, image, latent):
        pairs = zip(self.extractor.maps(self.generator(latent)), self.extractor.maps(image), strict=True)
        return {"perceptual": torch.stack([(a - b).square().mean() for a, b in pairs]).sum()}

    def step(self, run):
        run.update("model", self.terms, run.batch()["image"], run.draw(self.prior))


def trained():
    recipe = Perceptual(image=IMAGE)
    run = start(recipe, seed=1)
    before = recipe.generator.linear.weight.detach().clone()
    recipe.step(run)
    assert not torch.equal(recipe.generator.linear.weight, before)
    return run


def test_a_checkpoint_holds_the_hash_of_a_frozen_extractor(tmp_path):
    run = trained()
    path = save_checkpoint(run, tmp_path, seconds=0.0, keep=1)
    stored = load_file(path / FILE)
    assert [name for name in stored if name.startswith("extractor.")] == ["extractor.weights_sha256"]
    assert stored["extractor.weights_sha256"].shape == (32,)
    again = start(Perceptual(image=IMAGE), seed=1)
    load_checkpoint(again, path)
    mine, theirs = again.recipe.state_dict(), run.recipe.state_dict()
    assert set(mine) == set(theirs) and all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_another_extractor_is_refused(tmp_path):
    path = save_checkpoint(trained(), tmp_path, seconds=0.0, keep=1)
    again = start(Perceptual(image=IMAGE), seed=1)
    with torch.no_grad():
        next(again.recipe.extractor.parameters()).add_(1)
    with pytest.raises(CheckpointError, match="extractor/emoji at extractor are not those of"):
        load_checkpoint(again, path)


def test_an_extractor_that_trains_or_came_from_a_file_is_kept_whole():
    recipe = Perceptual(image=IMAGE)
    state = recipe.state_dict()
    recipe.extractor.requires_grad_(True)
    assert referred(recipe, state).keys() == state.keys()
    recipe.extractor.requires_grad_(False)
    recipe.extractor.extras["from"] = "runs/7:extractor"
    assert referred(recipe, state).keys() == state.keys()
    recipe.extractor.extras.clear()
    assert referred(recipe, state).keys() < state.keys() | {"extractor.weights_sha256"}


def test_the_maps_of_the_extractors():
    image = torch.rand(2, 3, 40, 24)
    assert [tuple(m.shape) for m in Emoji(image=image.shape[1:]).maps(image)] == [
        *[(2, 48, 16, 16)] * 2,
        *[(2, 96, 8, 8)] * 2,
    ]
    assert torch.equal(
        Pixels(image=image.shape[1:]).maps(image)[0].flatten(1), Pixels(image=(3, 40, 24))(image)
    )
    inception = Inception2015(weights="none", image=image.shape[1:])
    maps = inception.maps(image)
    assert [m.shape[1] for m in maps] == [64, 192, 768, 2048]
    assert torch.equal(maps[-1].mean((2, 3)), inception(image))


def test_an_extractor_without_maps_and_a_generator_without_a_last_layer_say_so():
    from small import SmallExtractor

    with pytest.raises(UserError, match=r"extractor/small gives no feature maps \(`maps`\); use "):
        SmallExtractor(image=IMAGE).maps(torch.zeros(1, *IMAGE))
    with pytest.raises(UserError, match=r"generator/small does not name the weight of its last layer"):
        SmallGenerator(image=IMAGE).last_layer()
