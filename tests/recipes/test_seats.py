"""What the seats of the two-player recipe see, and whose updates move what stands there."""

import pytest
import torch
from small import SmallDiscriminator, SmallGenerator, Source
from torch import nn

from gancore import Auxiliary, DiscriminatorRegularizer, GeneratorRegularizer, TwoPlayerGAN, part
from gancore.component.interfaces import Discriminator
from gancore.errors import FitError
from gancore.recipes.batches import LatentBatch, RealBatch
from gancore.standard import Embedding, WeightClipping
from gancore.training.run import TrainingRun

IMAGE = (3, 4, 4)


@part("labeled")
class Labeled(Discriminator):
    """Adds the label to the scores, and counts its passes."""

    conditional = True
    passes = 0

    def build(self):
        self.layer = nn.Linear(48, 2)

    def forward_features(self, image):
        self.passes += 1
        return self.layer(image.flatten(1))

    def forward_head(self, features, label=None):
        return features.sum(1) + label


class Seen(dict):
    def note(self, real, fake):
        self.update({name: getattr(fake, name) for name in ("image", "scores", "features", "label", "code")})
        self["own"], self["other"] = fake.score(fake.image), fake.score(fake.image, fake.label + 10)
        self["latent"], self["real"], self["again"] = fake.latent, real.label, fake.generate(fake.latent)


SEEN = Seen()


@part("looks")
class Looks(DiscriminatorRegularizer):
    """Looks at everything."""

    reads_features = True

    def forward(self, score, real, fake):
        SEEN.note(real, fake)
        return fake.scores.mean() + next(fake.discriminator.parameters()).square().sum()


@part("looks")
class LooksToo(GeneratorRegularizer):
    """Looks at everything."""

    reads_features = True

    def forward(self, render, fake, real):
        SEEN.note(real, fake)
        assert torch.equal(render(fake.code), fake.image)
        return (fake.features.mean(0) - real.features.mean(0)).square().sum()


@part("head")
class Head(Auxiliary):
    """A layer on the features."""

    def build(self):
        self.layer = nn.Linear(*self.features, 1)

    def discriminator(self, real, fake):
        return self.layer(real.features).square().mean()

    def generator(self, fake, real):
        return self.layer(fake.features).square().mean()


def recipe(**fields):
    own = {"generator": SmallGenerator(width=6), "discriminator": Labeled, "image": IMAGE, "classes": 3}
    return TwoPlayerGAN(**{**own, "conditioner": Embedding(size=2), **fields})


def rows(n=4):
    real = RealBatch(torch.rand(n, *IMAGE), torch.arange(n) % 3)
    return real, LatentBatch(torch.randn(n, 4), (torch.arange(n) + 1) % 3)


def terms(made, player):
    real, latents = rows()
    return (
        made.discriminator_terms(real, latents)
        if player == "discriminator"
        else made.generator_terms(latents, real)
    )


@pytest.mark.parametrize(
    ("seat", "penalty", "player"),
    [("regularizers", Looks, "discriminator"), ("generator_regularizers", LooksToo, "generator")],
)
def test_a_penalty_sees_what_made_the_images_and_scores_them_with_their_own_labels(seat, penalty, player):
    made = recipe(**{seat: [penalty]})
    assert "looks" in terms(made, player)
    assert torch.equal(SEEN["own"], SEEN["scores"])
    assert torch.allclose(SEEN["other"], SEEN["scores"] + 10)
    assert SEEN["label"].tolist() == [1, 2, 0, 1] and SEEN["real"].tolist() == [0, 1, 2, 0]
    assert torch.allclose(SEEN["features"].sum(1) + SEEN["label"], SEEN["scores"])
    assert torch.equal(SEEN["code"], made.conditioner(SEEN["latent"], SEEN["label"]))
    assert torch.equal(SEEN["again"], SEEN["image"])


def test_features_and_scores_share_a_pass():
    made = recipe(auxiliaries=[Head])
    made.discriminator.passes = 0
    terms(made, "discriminator")
    assert made.discriminator.passes == 2
    terms(made, "generator")
    assert made.discriminator.passes == 3  # real features were not asked for


@part("doubled")
class Doubled(SmallDiscriminator):
    """Scores in a way of its own."""

    def forward(self, image, label=None):
        return 2 * super().forward(image, label)


@part("tripled")
class Tripled(TwoPlayerGAN):
    """Scores in a way of its own."""

    def score(self, image, label):
        return 3 * super().score(image, label)


@pytest.mark.parametrize(
    ("cls", "judge", "factor"),
    [(TwoPlayerGAN, Doubled, 2), (Tripled, SmallDiscriminator, 3), (TwoPlayerGAN, SmallDiscriminator, 1)],
)
def test_scores_are_the_recipes_and_the_discriminators_own_where_features_are_read(cls, judge, factor):
    made = cls(generator=SmallGenerator(), discriminator=judge, image=IMAGE, auxiliaries=[Head])
    real, _ = made.scored(RealBatch(torch.rand(4, *IMAGE)), LatentBatch(torch.randn(4, 4)), made.auxiliaries)
    own = made.discriminator.forward_head(made.discriminator.forward_features(real.image))
    assert torch.allclose(real.scores, factor * own)


def test_real_images_have_no_latent():
    real, fake = recipe().scored(*rows(), [])
    with pytest.raises(FitError, match="these images have no latent"):
        _ = real.latent
    assert fake.latent.shape == (4, 4)


def test_without_a_real_batch_the_terms_say_so():
    with pytest.raises(FitError, match="compare with real images, but got none"):
        recipe(generator_regularizers=[LooksToo]).generator_terms(rows()[1])


def plain(**fields):
    return TwoPlayerGAN(generator=SmallGenerator(), discriminator=SmallDiscriminator(), image=IMAGE, **fields)


def test_an_auxiliary_is_told_the_features_and_trained_with_the_discriminator():
    made = plain(auxiliaries=[Head, Head])
    assert made.auxiliaries[0].features == (8,)
    run = TrainingRun(made, Source(), batch=4, total=64)
    before = made.auxiliaries[0].layer.weight.detach().clone()
    found = run.update("generator", made.generator_terms, LatentBatch(torch.randn(4, 4)))
    assert {"head", "head-2"} <= set(found)
    assert torch.equal(before, made.auxiliaries[0].layer.weight)
    made.step(run)
    assert not torch.equal(before, made.auxiliaries[0].layer.weight)
    assert {"discriminator/head", "generator/head-2"} <= set(run.take_log())


def test_the_shape_of_features_is_found_without_a_trace():
    before, state = torch.random.get_rng_state(), plain().discriminator.state_dict()
    made = plain(auxiliaries=[Head])
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(value, made.discriminator.state_dict()[name]) for name, value in state.items())
    assert made.discriminator.training


def test_constraints_for_the_generator():
    made = plain(generator_constraints=[WeightClipping(limit=0.02)])
    made.step(TrainingRun(made, Source(), batch=4, total=64))
    assert all(p.abs().max() <= 0.02 for p in made.generator.parameters())
    assert any(p.abs().max() > 0.02 for p in made.discriminator.parameters())
