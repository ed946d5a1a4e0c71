import copy
import math

import pytest
import torch
from gancore_stylegan import (
    LabeledStyleGAN2Discriminator,
    LabeledStyleGAN2Mapping,
    PathLength,
    StyleGAN2,
    StyleGAN2Discriminator,
    StyleGAN2Synthesis,
    StyleGANMapping,
)

from gancore.component.specs import build, spec
from gancore.pipeline import Pipeline
from gancore.recipes.batches import RealBatch
from gancore.standard.optimizers import SGD
from gancore.standard.regularizers import R1
from gancore.training.run import TrainingRun

IMAGE = (3, 8, 8)
SMALL = {"channels_base": 32, "channels_max": 8}
MAPPING = {"latent_width": 5, "width": 6, "layers": 2}


class Source:
    """The same few images again and again."""

    def __init__(self, images, label=None):
        self.position, self.rows = 0, {"image": images} | ({} if label is None else {"label": label})

    def next(self, n=None):
        return {name: value[: n or len(value)] for name, value in self.rows.items()}


def small(image=IMAGE, **changes):
    return StyleGAN2(
        image=image,
        generator=StyleGAN2Synthesis(code_width=6, **SMALL),
        **{
            "conditioner": StyleGANMapping(**MAPPING),
            "discriminator": StyleGAN2Discriminator(group=2, **SMALL),
            **changes,
        },
    )


def loud(recipe):
    """Every strength and bias away from zero, so that noise matters and leaky ReLUs are crossed."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, p in [*recipe.generator.named_parameters(), *recipe.discriminator.named_parameters()]:
            if "strength" in name or "bias" in name:
                p.add_(0.3 * torch.randn_like(p))
    return recipe


def images(n=8, shape=IMAGE, dtype=torch.float32):
    return (torch.rand(n, *shape) * 2 - 1).to(dtype)


def train(recipe, data, steps, label=None, **options):
    run = TrainingRun(recipe, Source(data, label), batch=len(data), total=1000, **options)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return run


def test_published_hyperparameters():
    recipe = StyleGAN2(
        image=IMAGE,
        generator=StyleGAN2Synthesis(channels_max=4),
        discriminator=StyleGAN2Discriminator(channels_max=4),
    )
    assert (recipe.loss.name, recipe.batch_size, recipe.average.half_life) == ("non-saturating", 32, 10_000)
    assert [(penalty.name, penalty.gamma, penalty.every) for penalty in recipe.regularizers] == [
        ("r1", 10.0, 16)
    ]
    (path,) = recipe.generator_regularizers
    assert (path.name, path.every, path.batch_fraction, path.weight, path.mean_decay) == (
        "path-length",
        4,
        0.5,
        2.0,
        0.99,
    )
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert (optimizer.lr, optimizer.betas, optimizer.eps) == (0.002, (0.0, 0.99), 1e-8)
    assert (recipe.conditioner.mixing, recipe.conditioner.layers, recipe.conditioner.lr_multiplier) == (
        0.9,
        8,
        0.01,
    )
    players = recipe.players()
    assert (players["discriminator"].rescale, players["generator"].rescale) == pytest.approx((16 / 17, 4 / 5))


def test_the_spec_gives_the_same_weights():
    recipe = small()
    again = build(spec(recipe), "recipe")
    again.bind(facts={"image": IMAGE, "classes": 0}, by="the data")
    ours, theirs = recipe.state_dict(), again.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


@pytest.mark.parametrize("micro_batch", [2, 4, 6])
@pytest.mark.parametrize("lazy", [False, True])
def test_micro_batches_move_the_weights_as_the_whole_batch_does(lazy, micro_batch):
    plain = {"generator_optimizer": SGD(lr=0.01), "discriminator_optimizer": SGD(lr=0.01)}
    penalty = PathLength(every=2) if lazy else PathLength(every=1, batch_fraction=1.0)
    whole = loud(small(regularizers=[R1(every=2)], generator_regularizers=[penalty], **plain)).double()
    pieces = copy.deepcopy(whole)
    data = images(8, dtype=torch.float64)
    before = copy.deepcopy(whole.state_dict())
    train(whole, data, 3)
    train(pieces, data, 3, micro_batch=micro_batch)
    ours, theirs = whole.state_dict(), pieces.state_dict()
    assert all(torch.allclose(ours[k], theirs[k], rtol=0, atol=1e-10) for k in ours)
    moved = [k for k in ours if not torch.equal(ours[k], before[k])]
    assert {"conditioner.mean", "generator_regularizers.0.mean"} <= set(moved) and any(
        "strength" in k for k in moved
    )


@pytest.mark.parametrize("shape", [(3, 16, 24), (1, 8, 8), (4, 8, 8), (3, 12, 12)])
def test_any_image_trains(shape):
    recipe = small(image=shape)
    train(recipe, images(4, shape), 2)
    assert recipe.pipelines()["image"].sample(2, seed=0).shape == (2, *shape)


def test_labels_train():
    recipe = small(
        classes=3,
        conditioner=LabeledStyleGAN2Mapping(**MAPPING),
        discriminator=LabeledStyleGAN2Discriminator(group=2, **SMALL),
    )
    before = copy.deepcopy(recipe.state_dict())
    train(recipe, images(4), 2, label=torch.tensor([0, 1, 2, 0]))
    moved = {k for k, v in recipe.state_dict().items() if not torch.equal(v, before[k])}
    assert {
        "conditioner.embedding.weight",
        "discriminator.embedding.weight",
        "discriminator.labels.0.weight",
    } <= moved


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_training_goes_on_and_the_product_is_kept(precision, tmp_path):
    recipe = small(regularizers=[R1(every=2)], generator_regularizers=[PathLength(every=2)])
    run = train(recipe, images(), 3, precision=precision)
    assert all(math.isfinite(value) for value in run.take_log().values())
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "product")
    made = pipeline.sample(5, seed=1, truncation=0.7)
    assert made.shape == (5, *IMAGE) and made.abs().max() <= 1
    again = Pipeline.load(tmp_path / "product").sample(5, seed=1, truncation=0.7)
    assert torch.allclose(again, made, atol=1e-4)


def test_it_learns_a_color():
    torch.manual_seed(0)
    color = torch.tensor([0.6, -0.6, 0.0]).reshape(3, 1, 1)
    recipe = small(regularizers=[R1(gamma=1.0, every=4)])
    recipe.generator_optimizer.lr = recipe.discriminator_optimizer.lr = 0.01

    def error():
        return (recipe.pipelines()["image"].sample(32, seed=0) - color).abs().mean().item()

    start = error()
    train(recipe, color + 0.1 * images(), 60)
    assert error() < 0.5 * start


@pytest.mark.parametrize("steps", [1, 3])
def test_the_generator_moves_first_and_all_look_at_one_batch(steps):
    recipe, order, seen = small(discriminator_steps=steps), [], []
    run = TrainingRun(recipe, Source(images(4)), batch=4)
    run.source.next = lambda n: {"image": images(n)}

    def noted(player, terms, *rows, **how):
        order.append((player, how.get("scale")))
        if player == "discriminator":
            seen.extend(row.image for row in rows if isinstance(row, RealBatch))
        return {"real": torch.zeros(1), "fake": torch.zeros(1)}

    run.update = noted
    recipe.step(run)
    discriminators = [("discriminator", None)] * steps
    assert order == [("generator", None), ("generator", 4), *discriminators, ("discriminator", 16)]
    batches = {float(image.sum()) for image in seen}
    assert len(seen) == steps + 1 and len(batches) == steps and run.images == 4 * steps
