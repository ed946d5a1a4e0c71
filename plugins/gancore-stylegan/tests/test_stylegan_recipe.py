import copy

import pytest
import torch
from gancore_stylegan import StyleGAN, StyleGANDiscriminator, StyleGANMapping, StyleGANSynthesis

from gancore.component.specs import build, spec
from gancore.pipeline import Pipeline
from gancore.recipes.batches import RealBatch
from gancore.standard.optimizers import SGD
from gancore.standard.regularizers import R1
from gancore.training.run import TrainingRun

IMAGE = (3, 8, 8)


class Source:
    """The same few images again and again."""

    def __init__(self, images):
        self.position, self.images = 0, images

    def next(self, n=None):
        return {"image": self.images[: n or len(self.images)]}


def small(**changes):
    return StyleGAN(
        image=IMAGE,
        generator=StyleGANSynthesis(code_width=6, channels_base=32, channels_max=8),
        conditioner=StyleGANMapping(latent_width=5, width=6, layers=2),
        discriminator=StyleGANDiscriminator(channels_base=32, channels_max=8, group=2),
        **changes,
    )


def loud(recipe):
    """Every strength and bias away from zero, so that noise matters and leaky ReLUs are crossed."""
    with torch.no_grad():
        for name, p in [*recipe.generator.named_parameters(), *recipe.discriminator.named_parameters()]:
            if "strength" in name or "bias" in name:
                p.add_(0.3 * torch.randn_like(p))
    return recipe


def images(n=8, dtype=torch.float32):
    return (torch.rand(n, *IMAGE) * 2 - 1).to(dtype)


def train(recipe, data, steps, **options):
    run = TrainingRun(recipe, Source(data), batch=len(data), total=1000, **options)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return run


def test_published_hyperparameters():
    recipe = StyleGAN(
        image=IMAGE,
        generator=StyleGANSynthesis(channels_max=4),
        discriminator=StyleGANDiscriminator(channels_max=4),
    )
    assert (recipe.loss.name, recipe.batch_size, recipe.average.half_life) == ("non-saturating", 32, 10_000)
    assert [(penalty.name, penalty.gamma, penalty.every) for penalty in recipe.regularizers] == [
        ("r1", 10.0, 1)
    ]
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert (optimizer.lr, optimizer.betas, optimizer.eps) == (0.001, (0.0, 0.99), 1e-8)
    assert (recipe.conditioner.mixing, recipe.conditioner.lr_multiplier, recipe.conditioner.decay) == (
        0.9,
        0.01,
        0.995,
    )
    assert recipe.sampler.name == "normal" and tuple(recipe.sampler.latent) == (512,)


def test_the_spec_gives_the_same_weights():
    recipe = small()
    again = build(spec(recipe), "recipe")
    again.bind(facts={"image": IMAGE, "classes": 0}, by="the data")
    ours, theirs = recipe.state_dict(), again.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("micro_batch", [2, 4, 6])
def test_micro_batches_move_the_weights_as_the_whole_batch_does(every, micro_batch):
    torch.manual_seed(0)
    plain = {"generator_optimizer": SGD(lr=0.01), "discriminator_optimizer": SGD(lr=0.01)}
    whole = loud(small(regularizers=[R1(every=every)], **plain)).double()
    pieces = copy.deepcopy(whole)
    data = images(8, torch.float64)
    before = copy.deepcopy(whole.state_dict())
    train(whole, data, 3)
    train(pieces, data, 3, micro_batch=micro_batch)
    ours, theirs = whole.state_dict(), pieces.state_dict()
    assert all(torch.allclose(ours[k], theirs[k], rtol=0, atol=1e-10) for k in ours)
    moved = [k for k in ours if not torch.equal(ours[k], before[k])]
    assert "conditioner.mean" in moved and any("strength" in k for k in moved)


def test_an_update_moves_its_own_player_alone():
    recipe = small()
    run = TrainingRun(recipe, Source(images()), batch=8)
    before = copy.deepcopy(recipe.state_dict())
    real = RealBatch(images())
    latents = recipe.latent_batch(run, 8, real)
    run.update("discriminator", recipe.discriminator_terms, real, latents, double_backward=True)
    moved = {k.split(".")[0] for k, v in recipe.state_dict().items() if not torch.equal(v, before[k])}
    assert moved == {"discriminator"}
    before = copy.deepcopy(recipe.state_dict())
    run.update("generator", recipe.generator_terms, latents)
    moved = {k.split(".")[0] for k, v in recipe.state_dict().items() if not torch.equal(v, before[k])}
    assert moved == {"generator", "conditioner"}


def test_the_mapping_network_moves_a_hundredth_as_fast():
    recipe = small()
    weights = recipe.conditioner.dense[0].weight
    before = weights.detach().clone()
    train(recipe, images(), 1)
    step = (weights - before).abs().max().item()
    assert step <= 0.0011 and before.std() > 30


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_training_goes_on_and_the_product_is_kept(precision, tmp_path):
    recipe = small(regularizers=[R1(every=2)])
    train(recipe, images(), 3, precision=precision)
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "product")
    made = pipeline.sample(5, seed=1, truncation=0.7)
    assert made.shape == (5, *IMAGE) and made.abs().max() <= 1
    again = Pipeline.load(tmp_path / "product").sample(5, seed=1, truncation=0.7)
    assert torch.allclose(again, made, atol=1e-4)
    flat = pipeline.sample(5, seed=1, truncation=0.0)
    assert (flat - flat[:1]).abs().max() < (made - made[:1]).abs().max()


def test_it_learns_a_color():
    torch.manual_seed(0)
    color = torch.tensor([0.6, -0.6, 0.0]).reshape(3, 1, 1)
    recipe = small(regularizers=[R1(gamma=1.0)])
    recipe.generator_optimizer.lr = recipe.discriminator_optimizer.lr = 0.01

    def error():
        return (recipe.pipelines()["image"].sample(32, seed=0) - color).abs().mean().item()

    start = error()
    train(recipe, color + 0.1 * images(), 50)
    assert error() < 0.5 * start
