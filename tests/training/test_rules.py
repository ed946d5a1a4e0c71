"""The nine rules of training, one by one."""

import pytest
import torch
from small import MeanConditioner, SmallDiscriminator, SmallGenerator, Source
from torch import nn

from gancore import TwoPlayerGAN, field, part
from gancore.component.interfaces import Discriminator, Generator
from gancore.component.part import RunningMean
from gancore.component.randomness import normal
from gancore.errors import NotFinite
from gancore.recipes.batches import LatentBatch, RealBatch
from gancore.standard.decoded import Decoded
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import SGD, Adam
from gancore.standard.regularizers import R1, GradientPenalty
from gancore.training.run import TrainingRun

IMAGE = (3, 4, 4)


def game(**fields):
    own = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), "image": IMAGE}
    return TwoPlayerGAN(**{**own, **fields})


def run_of(recipe, *, dtype=torch.float32, batch=8, source=None, **settings):
    recipe.bind(seed=1)
    recipe.to(dtype)
    return TrainingRun(recipe, source or Source(dtype=dtype), batch=batch, total=1000, **settings)


def steps(run, n):
    for _ in range(n):
        run.recipe.step(run)
        run.step += 1
    return run


def bits(recipe):
    return {name: value.clone() for name, value in recipe.state_dict().items()}


def same(mine, other):
    return mine.keys() == other.keys() and all(torch.equal(mine[name], other[name]) for name in mine)


class Spy:
    """Records the gradients of every update."""

    def __init__(self, run):
        self.gradients = []
        for player_optimizer in run.player_optimizers.values():
            self.listen(player_optimizer)

    def listen(self, player_optimizer):
        act = player_optimizer.step

        def heard(gradients, *rest):
            self.gradients.append((player_optimizer.name, [g.clone() for g in gradients]))
            act(gradients, *rest)

        player_optimizer.step = heard


def largest_difference(one, other):
    pairs = [
        (a, b)
        for (_, mine), (_, theirs) in zip(one, other, strict=True)
        for a, b in zip(mine, theirs, strict=True)
    ]
    return max(float((a - b).abs().max()) for a, b in pairs)


# 1. randomness


def test_an_update_leaves_the_global_generator_as_it_was():
    run = run_of(game(generator=SmallGenerator(noise=0.3)))
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    steps(run, 3)
    assert torch.equal(torch.rand(3), expected)


def test_noise_comes_from_the_runs_seed_and_not_from_outside():
    def trained(seed, outside):
        torch.manual_seed(outside)
        return bits(steps(run_of(game(generator=SmallGenerator(noise=0.3)), seed=seed), 3).recipe)

    assert same(trained(0, 1), trained(0, 2))
    assert not same(trained(0, 1), trained(1, 1))


@pytest.mark.parametrize("micro", [1, 3, 4])
def test_micro_batches_see_the_noise_of_the_whole(micro):
    def spied(micro_batch):
        recipe = game(generator=SmallGenerator(noise=0.3), regularizers=[R1(every=2)])
        run = run_of(recipe, dtype=torch.float64, micro_batch=micro_batch)
        spy = Spy(run)
        steps(run, 4)
        return spy.gradients

    assert largest_difference(spied(None), spied(micro)) < 1e-10


def test_micro_batches_of_one_rank_in_production_draw_noise_of_their_own():
    run = run_of(game(), exact=False, micro_batch=4)
    drawn = run.update(
        "generator", lambda rows: {"noise": normal(len(rows), 5, like=rows)}, torch.zeros(8, 1)
    )["noise"]
    assert len(drawn.unique(dim=0)) == 8


# 2. state


@part("counting-state", tags=())
class CountingGenerator(Generator):
    """Counts how often its state is moved, and keeps the mean of the codes it saw."""

    @property
    def code_shape(self):
        return (4,)

    def build(self):
        c, h, w = self.image
        self.linear = nn.Linear(4, c * h * w)
        self.register_buffer("moves", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(4))
        self.seen = RunningMean()

    def forward(self, code):
        if self.training:
            self.seen.add(code.sum(0), len(code))
        return self.linear(code).reshape(len(code), *self.image)

    def update_buffers(self):
        self.moves += 1
        self.mean.copy_(self.seen.mean)


def test_state_moves_once_and_by_its_owner_alone():
    generator = CountingGenerator()
    run = run_of(game(generator=generator, discriminator_steps=3), micro_batch=2)
    before = generator.mean.clone()
    recipe, seen = run.recipe, []
    terms = recipe.discriminator_terms
    recipe.discriminator_terms = lambda *rows: [terms(*rows), seen.append(generator.mean.clone())][0]
    steps(run, 1)
    assert generator.moves == 1
    assert len(seen) == 3 * 4 and all(torch.equal(mean, before) for mean in seen)
    assert not torch.equal(generator.mean, before)


def test_state_moves_by_the_mean_of_the_generators_own_update():
    generator = CountingGenerator()
    run = run_of(game(generator=generator), dtype=torch.float64, micro_batch=3)
    latent = torch.randn(8, 4, dtype=torch.float64)
    run.update("discriminator", lambda z: {"x": run.recipe.discriminator(generator(z)).mean()}, 5 + latent)
    run.update("generator", lambda z: {"x": generator(z).mean()}, latent)
    assert torch.allclose(generator.mean, latent.mean(0), atol=1e-12)


def test_a_part_that_sits_in_two_parts_of_a_player_settles_once():
    generator = CountingGenerator()
    recipe = game(generator=generator)
    players = recipe.players()
    recipe.players = lambda: {
        **players,
        "generator": type(players["generator"])([generator, generator], Adam()),
    }
    run = run_of(recipe)
    run.update("generator", lambda z: {"x": generator(z).mean()}, torch.randn(2, 4))
    assert generator.moves == 1


# 3. a missing gradient is zero


def test_a_parameter_without_gradient_moves_as_on_a_gradient_of_zero():
    discriminator = SmallDiscriminator()
    run = run_of(game(discriminator=discriminator, discriminator_optimizer=Adam(lr=0.1)))
    image = torch.randn(4, *IMAGE)
    run.update("discriminator", lambda x: {"all": discriminator(x).mean()}, image)
    state = run.player_optimizers["discriminator"].optimizer.state[discriminator.last.bias]
    moment, weight = state["exp_avg"].clone(), discriminator.last.bias.detach().clone()
    run.update("discriminator", lambda x: {"first alone": discriminator.forward_features(x).mean()}, image)
    assert torch.allclose(state["exp_avg"], 0.5 * moment) and moment.abs() > 0
    assert discriminator.last.bias != weight
    assert state["step"] == 2


# 4. finite


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_term_that_is_not_finite_is_named_and_nothing_moves(value):
    run = steps(run_of(game()), 2)
    before = bits(run.recipe)
    with pytest.raises(NotFinite, match=f"step 2, player generator: the term strange became -?{value}; "):
        run.update(
            "generator",
            lambda z: {"fine": run.recipe.generator(z).mean(), "strange": z.sum() * value},
            torch.ones(4, 4),
        )
    assert same(before, bits(run.recipe))


def test_a_gradient_that_is_not_finite_is_named_and_nothing_moves():
    run = run_of(game())
    weight = run.recipe.generator.linear.bias
    weight.data[0] = 0
    before = bits(run.recipe)
    with pytest.raises(
        NotFinite, match=r"step 0, player generator: the gradient of 1.linear.bias became .* \(terms root\)"
    ):
        run.update("generator", lambda z: {"root": weight[0].abs().sqrt() + 0 * z.sum()}, torch.randn(4, 4))
    assert same(before, bits(run.recipe))


def test_what_a_broken_update_left_does_not_reach_the_next():
    def trained(broken):
        run = run_of(game())
        if broken:
            with pytest.raises(NotFinite):
                run.update(
                    "generator",
                    lambda z: {"strange": run.recipe.generator(z).mean() * float("nan")},
                    torch.randn(4, 4),
                )
        run.update("generator", lambda z: {"fine": run.recipe.generator(z).mean()}, torch.ones(4, 4))
        return bits(run.recipe)

    assert same(trained(True), trained(False))


# 5. isolation


def test_freezing_equals_asking_backward_for_the_players_inputs_alone():
    run = run_of(game(generator_optimizer=SGD(lr=1.0), discriminator_optimizer=SGD(lr=1.0)))
    recipe = run.recipe
    latent, real = torch.randn(8, 4), torch.randn(8, *IMAGE)
    loss = NonSaturating()
    mine = list(recipe.generator.parameters())
    torch.autograd.backward(loss.generator(recipe.discriminator(recipe.generator(latent)), None), inputs=mine)
    expected = [p.detach() - p.grad for p in mine]
    theirs = bits(recipe.discriminator)
    run.update("generator", recipe.generator_terms, LatentBatch(latent))
    assert all(torch.equal(p, e) for p, e in zip(mine, expected, strict=True))
    assert same(theirs, bits(recipe.discriminator)) and all(
        p.grad is None for p in recipe.discriminator.parameters()
    )
    assert len(real) == 8


def test_flags_are_as_before_even_after_an_exception():
    recipe = game()
    run = run_of(recipe)
    recipe.discriminator.first.bias.requires_grad_(False)
    before = {name: p.requires_grad for name, p in recipe.named_parameters()}
    steps(run, 1)
    assert before == {name: p.requires_grad for name, p in recipe.named_parameters()}

    def fails(latent):
        assert not any(p.requires_grad for p in recipe.discriminator.parameters())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run.update("generator", fails, torch.randn(4, 4))
    assert before == {name: p.requires_grad for name, p in recipe.named_parameters()}


def test_frozen_weights_that_belong_to_no_player_gather_no_gradient():
    recipe = game()
    recipe.critic_of_style = SmallDiscriminator(image=IMAGE).requires_grad_(False)
    run = run_of(recipe)
    run.update(
        "generator",
        lambda z: {"style": recipe.critic_of_style(recipe.generator(z)).mean()},
        torch.randn(4, 4),
    )
    assert all(p.grad is None for p in recipe.critic_of_style.parameters())


# 6. compile


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [R1(every=2), GradientPenalty(every=1)], ids=["lazy", "in every step"])
def test_compiled_training_is_close_and_differentiates_twice(penalty):
    def trained(compile):
        moved = {
            "generator_optimizer": SGD(lr=0.1),
            "discriminator_optimizer": SGD(lr=0.1),
        }  # Adam makes steps of roundings
        recipe = game(
            regularizers=[type(penalty)(every=penalty.every)], **moved
        )  # compiled noise has other numbers
        return bits(steps(run_of(recipe, compile=compile), 3).recipe)

    torch.compiler.reset()
    plain, compiled = trained(False), trained(True)
    assert plain.keys() == compiled.keys()
    assert all(torch.allclose(plain[name], compiled[name], atol=1e-4) for name in plain)


# 7. the optimizer's state


@part("convolutional")
class ConvolutionalDiscriminator(Discriminator):
    """Two convolutions in channels_last."""

    memory_format = torch.channels_last
    width: int = field(default=6)

    def build(self):
        self.first = nn.Conv2d(self.image[0], self.width, 3, padding=1)
        self.second = nn.Conv2d(self.width, 1, self.image[1])

    def forward_features(self, image):
        return nn.functional.softplus(self.first(image))

    def forward_head(self, features, label=None):
        return self.second(features).reshape(len(features)).float()


def test_restored_moments_lie_as_the_weights_do_and_go_on_with_the_same_bits():
    def fresh():
        return run_of(game(discriminator=ConvolutionalDiscriminator(), discriminator_optimizer=Adam(lr=0.01)))

    run = steps(fresh(), 3)
    again = fresh()
    again.recipe.load_state_dict(run.recipe.state_dict())
    again.rng.set_state(run.rng.get_state())
    again.source.position, again.images, again.step = run.source.position, run.images, run.step
    for name, player_optimizer in again.player_optimizers.items():
        tensors, plain = run.player_optimizers[name].state()
        player_optimizer.restore({key: value.contiguous() for key, value in tensors.items()}, plain)
    weight = again.recipe.discriminator.first.weight
    moment = again.player_optimizers["discriminator"].optimizer.state[weight]["exp_avg"]
    assert moment.stride() == weight.stride() and weight.stride() != weight.contiguous().stride()
    assert same(bits(steps(run, 3).recipe), bits(steps(again, 3).recipe))


# 8. float32 under autocast


def test_networks_losses_and_penalties_are_float32_under_autocast():
    recipe = game(discriminator=ConvolutionalDiscriminator(), regularizers=[R1()])
    run = run_of(recipe, precision="bf16")
    found = {}

    def terms(*rows):
        found["autocast"] = torch.is_autocast_enabled("cpu")
        code = recipe.conditioner(rows[1].latent)
        image = recipe.generator(code)
        found.update(
            image=image.dtype,
            scores=recipe.discriminator(image).dtype,
            hidden=recipe.discriminator.forward_features(image).dtype,
        )
        values = recipe.discriminator_terms(*rows)
        found.update({name: value.dtype for name, value in values.items()})
        return values

    run.update(
        "discriminator",
        terms,
        RealBatch(torch.randn(4, *IMAGE)),
        LatentBatch(torch.randn(4, 4)),
        double_backward=True,
    )
    hidden = found.pop("hidden")
    assert found.pop("autocast") and hidden == torch.bfloat16
    assert set(found.values()) == {torch.float32} and {"adversarial", "r1", "image", "scores"} <= set(found)
    assert {p.dtype for p in recipe.parameters()} == {torch.float32}


# 9. what depends on the other rows is tagged


def test_every_part_with_batch_normalization_is_tagged():
    from gancore.component.discovery import registry

    checked = 0
    for offer in registry().registrations():
        if offer.cls.kind not in ("generator", "discriminator") or offer.cls is Decoded:
            continue  # `decoded` has no layers of its own, and no networks until they are given
        example = offer.cls.examples[0]
        facts = {"image": (3, 16, 16)} | ({"classes": 3} if hasattr(offer.cls, "classes") else {})
        made = offer.cls(**example)
        made.bind(facts={name: value for name, value in facts.items() if name not in example})
        if not made.built:
            continue
        normalized = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in made.modules())
        assert not normalized or "batch" in made.tags, made.qualified_name
        checked += normalized
    if not checked:
        pytest.skip("no installed plugin has a network with batch normalization")


def test_the_mean_conditioner_moves_its_mean_with_the_generator():
    conditioner = MeanConditioner()
    run = steps(run_of(game(conditioner=conditioner)), 1)
    assert conditioner.mean.abs().sum() > 0
    assert run.images == 8
