"""State in any module of a player, and whose weights and state are."""

import pytest
import torch
from small import SmallDiscriminator, SmallGenerator, Source
from torch import nn

from gancore import TwoPlayerGAN
from gancore.component.part import Part, RunningMean, part
from gancore.errors import FitError, UserError
from gancore.recipes.base import Player
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import SGD
from gancore.standard.samplers import Normal
from gancore.training.player_optimizer import PlayerOptimizer
from gancore.training.run import TrainingRun

IMAGE = (3, 4, 4)


def game(**fields):
    own = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), "image": IMAGE}
    return TwoPlayerGAN(**{**own, **fields})


def run_of(recipe, **settings):
    recipe.bind(seed=1)
    return TrainingRun(recipe, Source(), batch=4, total=1000, **settings)


class Counter(nn.Module):
    """A plain layer that counts the rows it sees, in three kinds of places."""

    def __init__(self):
        super().__init__()
        self.register_buffer("rows", torch.zeros(3))
        self.one, self.listed, self.named = RunningMean(), [RunningMean()], {"a": (RunningMean(),)}

    def means(self):
        return [self.one, *self.listed, *self.named["a"]]

    def forward(self, x):
        for mean in self.means():
            mean.add(torch.tensor(float(len(x))), 1)
        return x

    def update_buffers(self):
        self.rows += torch.stack([mean.total for mean in self.means()])


@part("counted")
class Counted(SmallGenerator):
    """Holds a plain layer with state."""

    def build(self):
        super().build()
        self.counter = Counter()

    def forward(self, code):
        return super().forward(self.counter(code))


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_state_in_a_plain_layer_is_cleared_and_updated_with_its_player(micro_batch):
    recipe = game(generator=Counted())
    run = run_of(recipe, micro_batch=micro_batch)
    for _ in range(2):
        recipe.step(run)
    # the discriminator's updates pass through it too, and are forgotten
    assert recipe.generator.counter.rows.tolist() == [8.0, 8.0, 8.0]


def test_a_module_in_two_parts_of_a_player_is_updated_once():
    counter = Counter()
    both = [SmallGenerator(image=IMAGE), SmallGenerator(image=IMAGE)]
    for generator in both:
        generator.counter = counter
    player = PlayerOptimizer("both", Player(both, SGD()), [])
    counter(torch.zeros(5, 1))
    from gancore.training.ranks import Ranks

    player.update_buffers(Ranks())
    assert counter.rows.tolist() == [5.0, 5.0, 5.0]


@part("scaled")
class Scaled(NonSaturating):
    """A loss with a weight and a mean of its own."""

    def build(self):
        self.scale = nn.Parameter(torch.ones(()))
        self.register_buffer("seen", torch.zeros(()))
        self.real = RunningMean()

    def discriminator(self, real, fake):
        self.real.add(real.sum(), len(real))
        return super().discriminator(self.scale * real, self.scale * fake)

    def update_buffers(self):
        if self.real.mean is not None:
            self.seen.copy_(self.real.mean)


def test_weights_and_state_of_a_loss_are_the_discriminators():
    recipe = game(loss=Scaled(), discriminator_optimizer=SGD(lr=0.1))
    recipe.step(run_of(recipe))
    assert recipe.loss.scale != 1 and recipe.loss.seen != 0


@part("counting-sampler")
class CountingSampler(Normal):
    """Counts updates."""

    def build(self):
        self.register_buffer("updates", torch.zeros(()))

    def update_buffers(self):
        self.updates += 1


@part("counting-labels")
class CountingLabels(EmpiricalLabels):
    """Counts updates."""

    def build(self):
        super().build()
        self.register_buffer("updates", torch.zeros(()))

    def update_buffers(self):
        self.updates += 1


def test_state_of_samplers_follows_the_generator():
    recipe = game(sampler=CountingSampler(), labels=CountingLabels(), discriminator_steps=3)
    recipe.step(run_of(recipe))
    assert recipe.sampler.updates == 1 and recipe.labels.updates == 1


@part("learned-sampler")
class LearnedSampler(Normal):
    """Its mean is a weight, which draws do not train."""

    def build(self):
        self.mean = nn.Parameter(torch.zeros(self.latent))


def test_weights_that_belong_to_no_player_are_refused_at_the_start():
    expected = (
        r"recipe/two-player: sampler/learned-sampler at sampler has the weight mean, which would never be "
        r"trained, because it belongs to none of the players discriminator, generator; give the part to one "
        r"of them in players\(\); or freeze them"
    )
    with pytest.raises(FitError, match=expected):
        run_of(game(sampler=LearnedSampler()))
    frozen = game(sampler=LearnedSampler())
    frozen.bind(seed=1)
    frozen.sampler.requires_grad_(False)
    run_of(frozen)


@part("watching")
class Watching(TwoPlayerGAN):
    """Holds a plain layer with state, and gives it to nobody."""

    def build(self):
        super().build()
        self.watched = nn.Sequential(nn.Identity(), Counter())


def test_state_that_belongs_to_no_player_is_refused_at_the_start():
    recipe = Watching(generator=SmallGenerator(), discriminator=SmallDiscriminator(), image=IMAGE)
    with pytest.raises(FitError, match=r"recipe/watching: at watched.1 has state, which would never be upda"):
        run_of(recipe)


def test_a_recipe_without_players_owns_what_it_holds():
    recipe = game(generator=Counted())
    recipe.players = dict
    run_of(recipe)
    assert issubclass(Counted, Part)


# terms


def of(value):
    recipe = game()
    run_of(recipe).update(
        "generator", lambda z: {"fine": z.mean(), "odd": value(recipe.generator(z))}, torch.randn(4, 4)
    )


@pytest.mark.parametrize(
    "value, text",
    [
        (
            lambda image: image.flatten(1).mean(1),
            r"the term odd of generator has shape \(4,\) and a gradient, but only scalars are minimized; "
            r"return its mean\(\), or detach\(\) it",
        ),
        (
            lambda image: float(image.mean().detach()),
            r"the term odd of generator is .* \(float\), not a tensor, so it has no gradient; return the "
            r"tensor itself \(without float\(\) or item\(\)\)",
        ),
        (lambda image: None, "the term odd of generator is None"),
    ],
)
def test_terms_that_could_not_be_minimized_are_refused_by_name(value, text):
    with pytest.raises(UserError, match=text):
        of(value)


def test_rows_that_are_detached_are_handed_back():
    of(lambda image: image.detach())


def test_terms_without_names_are_refused():
    recipe = game()
    with pytest.raises(UserError, match="the terms of generator are Tensor; return a dict of named scalars"):
        run_of(recipe).update("generator", lambda z: recipe.generator(z).mean(), torch.randn(4, 4))
