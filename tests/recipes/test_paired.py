"""The recipe of translators that learn from pairs."""

import pytest
import torch
from pytest import approx

from gancore import Generator, PairedGAN, part, train
from gancore.data import Paired, open_data
from gancore.errors import FitError
from gancore.recipes.batches import LatentBatch, RealBatch
from gancore.standard import L1, L2
from gancore.training.remedies import REMEDIES, remedies

SMALL = {
    "generator": {"part": "resnet", "width": 2, "blocks": 1},
    "discriminator": {"part": "patchgan", "width": 2, "layers": 1},
    "batch": 4,
}


@pytest.fixture(scope="module")
def pairs():
    return Paired(open_data("emoji", size=8, channels=1), open_data("emoji", size=8)).split(16)[1]


def built(**options):
    recipe = PairedGAN(**(SMALL | options))
    recipe.bind(facts={"image": (3, 8, 8), "source": (1, 8, 8)}, by="the data")
    return recipe


def batches(recipe):
    source, target = torch.rand(4, 1, 8, 8), torch.rand(4, 3, 8, 8)
    real = recipe.pairs({"source": source, "target": target})
    return real, recipe.latent_batch(None, 4, real)


def test_distances_are_means_of_differences():
    image, target = torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[0.0, -1.0]]]])
    assert L1(image=(1, 1, 2))(image, target).tolist() == [2.0]
    assert L2(image=(1, 1, 2))(image, target).tolist() == [5.0]


def test_the_discriminator_reads_the_source_before_the_image():
    recipe = built()
    real, _ = batches(recipe)
    assert recipe.discriminator.image == (4, 8, 8)
    joined = torch.cat([real.source, real.image], 1)
    torch.testing.assert_close(recipe.score(real.image, real.label), recipe.discriminator(joined))


def test_the_discriminator_reads_the_image_alone_where_it_is_told_so():
    recipe = built(reads_source=False)
    real, latents = batches(recipe)
    assert recipe.discriminator.image == (3, 8, 8) and real.label is None and latents.label is None
    torch.testing.assert_close(recipe.score(real.image, None), recipe.discriminator(real.image))


def test_the_generator_minimizes_the_weighted_terms():
    recipe = built(pixel="l2", pixel_weight=7.0, adversarial=0.5, perceptual="l1", perceptual_weight=3.0)
    real, latents = batches(recipe)
    made = recipe.generator(real.source)
    score = recipe.discriminator(torch.cat([real.source, made], 1))
    terms = recipe.generator_terms(latents, real)
    assert float(terms["adversarial"]) == approx(0.5 * float(torch.nn.functional.softplus(-score).mean()))
    assert float(terms["pixel"]) == approx(7 * float((made - real.image).square().mean()), rel=1e-4)
    assert float(terms["perceptual"]) == approx(3 * float((made - real.image).abs().mean()), rel=1e-4)


def test_rows_stay_with_their_sources():
    real = RealBatch(torch.rand(4, 3, 2, 2), None, torch.rand(4, 1, 2, 2)).first(2)
    assert real.label is None and len(real.image) == 2 and len(real.source) == 2
    latents = built(reads_source=False).latent_batch(None, 1, real)
    assert isinstance(latents, LatentBatch) and torch.equal(latents.latent, real.source[:1])


def test_the_discriminator_rests_while_the_adversarial_weight_is_0(pairs, tmp_path):
    recipe = built(adversarial=0.0, regularizers=["r1"])
    before = {name: value.clone() for name, value in recipe.discriminator.state_dict().items()}
    moved = recipe.generator.state_dict()["layers.0.weight"].clone()
    train(recipe, pairs, images=8, evaluate_every=0, output=tmp_path / "run")
    assert all(torch.equal(value, before[name]) for name, value in recipe.discriminator.state_dict().items())
    assert not torch.equal(recipe.generator.state_dict()["layers.0.weight"], moved)


@pytest.mark.parametrize(("weight", "plays"), [(0.0, False), (1.0, True)])
def test_no_advice_on_a_discriminator_that_does_not_learn(weight, plays):
    recipe = built(adversarial=weight)
    assert bool(recipe.probes()) is plays
    advised = [change for alarm in REMEDIES for change in remedies(alarm, recipe)]
    assert any("regularizers" in change for change in advised) is plays


def test_parts_of_the_two_player_game_take_their_seats(pairs, tmp_path):
    more = {"augment": "diffaugment", "regularizers": ["r1"], "generator_regularizers": ["feature-matching"]}
    train(PairedGAN(**SMALL, **more), pairs, images=8, evaluate_every=0, output=tmp_path / "run")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"adversarial": 0.0, "pixel_weight": 0.0}, "minimizes nothing"),
        ({"discriminator": {"part": "projection"}}, "reads them"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(options, said):
    with pytest.raises(FitError, match=said):
        built(**options)


@part("enlarging")
class Enlarging(Generator):
    """Makes images twice as large as the source."""

    code_shape = (3, 8, 8)

    def forward(self, code):
        return torch.nn.functional.interpolate(code, scale_factor=2)


def test_joined_images_have_one_size():
    with pytest.raises(FitError, match="reads_source=false"):
        PairedGAN(**(SMALL | {"generator": Enlarging})).bind(
            facts={"image": (3, 16, 16), "source": (3, 8, 8)}, by="the data"
        )
