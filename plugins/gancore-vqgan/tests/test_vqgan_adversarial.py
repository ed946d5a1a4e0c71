"""The recipe of VQGAN: its terms, the adaptive weight, and the start of the discriminator."""

import pytest
import torch
from gancore_vqgan import VQGAN, VQGANDecoder, VQGANDiscriminator
from gancore_vqgan.adaptive_weight import adaptive_weight
from torch import nn

from gancore import Generator, create, field, part
from gancore.errors import FitError, UserError
from gancore.standard.schedules import Piecewise
from gancore.testing.stage import BATCH, drive, start
from gancore.training.run import TrainingRun

IMAGE = (3, 8, 12)
SIZES = {"width": 4, "multipliers": [1, 2], "blocks": 1, "attention": [], "channels": 3, "groups": 2}
SMALL = {
    "generator": {"part": "vqgan", "vector": 3, **SIZES},
    "encoder": {"network": {"part": "vqgan", **SIZES}, "quantizer": {"part": "vector", "size": 6}},
    "discriminator": {"part": "vqgan", "width": 2, "layers": 1},
    "perceptual": {"extractor": {"part": "pixels", "size": 4}},
}


@part("labeled")
class LabeledDiscriminator(VQGANDiscriminator):
    """One that says that it reads labels."""

    conditional = True
    layers: int = field(default=1)


@part("nameless")
class Nameless(VQGANDecoder):
    """A generator that does not name its last layer."""

    def last_layer(self):
        return Generator.last_layer(self)


def recipe(**options):
    return VQGAN(image=IMAGE, **{**SMALL, "discriminator_start": 0, **options})


def images(n=4):
    return torch.rand(n, *IMAGE, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_adaptive_weight_is_the_ratio_of_the_gradients_in_the_last_layer():
    layer, x = nn.Conv2d(2, 3, 1), torch.randn(4, 2, 5, 5)
    made = layer(x)
    first, second = made.abs().mean(), 3 * made.mean()
    sign = made.detach().sign() / made.numel()
    to_first = torch.einsum("nohw,nihw->oi", sign, x)
    to_second = 3 * torch.einsum("nohw,nihw->oi", torch.ones_like(sign) / made.numel(), x)
    expected = to_first.norm() / (to_second.norm() + 1e-4)
    found = adaptive_weight(first, second, layer.weight)
    assert float(found) == pytest.approx(float(expected), rel=1e-4) and not found.requires_grad
    assert float(adaptive_weight(1e6 * first, 1e-6 * second, layer.weight)) == 1e4


def test_the_terms_of_the_autoencoder():
    made = recipe(adversarial=0.5, perceptual_weight=2.0)
    image = images()
    terms = {name: term.detach() for name, term in made.adversarial_terms(image).items()}
    coded = made.encoder.quantized(image)
    again = made.generator(coded.code)
    absolute, distance = (again - image).abs().mean(), made.perceptual(again, image).mean()
    adversarial = -made.discriminator(again).mean()
    weight = adaptive_weight(absolute + 2 * distance, adversarial, made.generator.to_image.weight)
    expected = {
        "absolute": absolute,
        "perceptual": 2 * distance,
        **coded.terms,
        "adversarial": 0.5 * weight * adversarial,
        "adaptive weight": weight,
    }
    assert set(terms) == {*expected, "made"}
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-4), name
    assert torch.allclose(terms["made"], again.detach(), atol=1e-5)


def test_without_a_weight_the_perceptual_distance_is_not_computed():
    assert "perceptual" not in recipe(perceptual_weight=0.0).warm_up_terms(images())


def discriminator_moves(made, steps, total=16 * BATCH):
    run = TrainingRun(made, start(made).source, batch=BATCH, total=total)
    before = made.discriminator.head.weight.detach().clone()
    moved = []
    for _ in range(steps):
        drive(run, 1)
        moved.append(not torch.equal(made.discriminator.head.weight, before))
        before = made.discriminator.head.weight.detach().clone()
    return moved, run.take_log()


def test_the_discriminator_starts_after_so_many_images():
    moved, log = discriminator_moves(recipe(discriminator_start=2 * BATCH), 4)
    assert moved == [False, False, True, True]
    assert {"autoencoder/adversarial", "discriminator/adversarial", "discriminator/real scores"} <= set(log)


def test_the_weight_of_the_adversarial_term_may_follow_a_schedule():
    made = recipe(adversarial=Piecewise(points=((0, 0.0), (BATCH, 0.0), (2 * BATCH, 0.8))))
    moved, log = discriminator_moves(made, 4)
    assert moved[0] is False and moved[-1] is True
    assert log["schedule/adversarial"] == pytest.approx(0.8)


def test_an_autoencoder_alone():
    moved, log = discriminator_moves(recipe(adversarial=0.0), 2)
    assert moved == [False, False] and "autoencoder/adversarial" not in log


def test_a_loss_of_ones_own_may_stand_idle_until_the_start():
    moved, _ = discriminator_moves(recipe(loss="relativistic-average", discriminator_start=BATCH), 2)
    assert moved == [False, True]


def test_a_training_that_the_discriminator_never_joins_is_refused():
    with pytest.raises(UserError, match="starts after 100 images, but the training has 64: train longer"):
        discriminator_moves(recipe(discriminator_start=100), 1, total=64)


def test_the_discriminator_is_the_released_one():
    with torch.device("meta"):
        made = VQGANDiscriminator(image=(3, 256, 256))
    convolutions = (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) * 16
    assert sum(p.numel() for p in made.parameters()) == convolutions + 64 + 2 * (128 + 256 + 512) + 1
    assert made.body[2].bias is None and isinstance(made.body[3], nn.BatchNorm2d)


def test_what_does_not_fit_is_said():
    with pytest.raises(FitError, match="vqgan with 4 layers needs images of at least 48 pixels a side"):
        recipe(discriminator={"part": "vqgan", "layers": 4})
    with pytest.raises(
        FitError, match="reads labels, which recipe/vqgan has not; take another discriminator"
    ):
        recipe(discriminator=LabeledDiscriminator())
    with pytest.raises(
        FitError, match="weighs gradients in the last layer: generator/nameless does not name"
    ):
        recipe(generator=Nameless(vector=3, **SIZES))


@pytest.mark.parametrize(
    ("name", "batch", "begins", "rate"),
    [
        ("vqgan", 5, 50_000, 2.25e-5),
        ("vqgan-imagenet", 12, 3_000_012, 5.4e-5),
        ("vqgan-faceshq", 3, 90_003, 1.35e-5),
    ],
)
def test_settings_are_the_released_ones(name, batch, begins, rate):
    made = create(name)
    assert (made.batch, made.discriminator_start) == (batch, begins)
    assert made.length(1000) == max(100_000, 4 * begins)
    for optimizer in (made.optimizer, made.discriminator_optimizer):
        assert optimizer.lr == pytest.approx(rate) and optimizer.betas == (0.5, 0.9)
    assert made.adversarial == 0.8 and made.perceptual_weight == 1
    quantizer = made.encoder.quantizer
    assert (quantizer.size, quantizer.commitment, made.generator.vector) == (1024, 0.25, 256)
    for network in (made.generator, made.encoder.network):
        assert (network.width, network.multipliers, network.blocks) == (128, (1, 1, 2, 2, 4), 2)


def test_the_small_preset_is_small():
    made = create("vqgan-small", image=(3, 32, 32))
    assert made.generator.code_shape == (64, 8, 8)
    assert made.encoder.quantizer.codebook_size == 512 and made.perceptual_weight == 0.1
    names = [made.encoder.quantizer.name, made.encoder.quantizer.quantizer.name]
    assert names == ["revival", "k-means-start"]
    assert made.optimizer.betas == (0.5, 0.9)
    assert sum(p.numel() for p in made.parameters() if p.requires_grad) < 2_000_000
    assert create("vqgan-small", image=(1, 28, 28)).generator.code_shape == (64, 7, 7)
