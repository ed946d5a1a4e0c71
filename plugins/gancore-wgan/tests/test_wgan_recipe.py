import pytest
import torch
from gancore_wgan import WGAN, WGANGP, StridedWGANGPCritic, WGANGPCritic, WGANGPGenerator

from gancore.testing.stage import drive, start

SMALL = {"generator": {"width": 2, "latent_size": 4}, "discriminator": {"width": 2}}


def test_the_critic_is_updated_as_often_as_in_the_released_code():
    recipe = WGAN(image=(3, 16, 16), batch=10, **SMALL)
    steps, images, seen = [], 0, recipe.scheduled["discriminator_steps"]
    for _ in range(1100):
        now = round(seen(images, 0))
        steps.append(now)
        images += now * 10
    expected = [100 if step < 25 or step % 500 == 0 else 5 for step in range(1100)]
    assert steps == expected


def test_weights_are_clipped_after_each_update():
    recipe = WGAN(image=(3, 16, 16), batch=4, discriminator_steps=2, **SMALL)
    drive(start(recipe), 1)
    largest = max(p.abs().max().item() for p in recipe.discriminator.parameters())
    assert largest <= 0.01 + 1e-9
    assert max(p.abs().max().item() for p in recipe.generator.parameters()) > 0.01


def test_the_recipes_are_those_of_the_papers():
    recipe = WGAN(image=(3, 16, 16), **SMALL)
    assert recipe.generator_optimizer.name == "rmsprop" and recipe.generator_optimizer.lr == 5e-5
    assert (recipe.constraints[0].limit, recipe.loss.name, recipe.batch) == (0.01, "wasserstein", 64)
    penalized = WGANGP(
        image=(3, 16, 16), generator={"widths": (4, 4, 4)}, discriminator={"widths": (4, 4), "halvings": 1}
    )
    assert penalized.discriminator_optimizer.lr == 1e-4
    assert penalized.discriminator_optimizer.betas == (0.0, 0.9)
    assert (penalized.regularizers[0].weight, penalized.discriminator_steps) == (10, 5)


def test_a_critic_scores_each_image_by_itself():
    image = torch.randn(4, 3, 16, 16)
    for critic in (
        WGANGPCritic(image=(3, 16, 16), widths=(4, 4), halvings=1),
        StridedWGANGPCritic(image=(3, 16, 16), width=4),
    ):
        assert torch.allclose(critic.train()(image)[:1], critic(image[:1]), atol=1e-5)


def test_places_are_averaged():
    critic = WGANGPCritic(image=(3, 16, 16), widths=(4, 4), halvings=1)
    image = torch.randn(2, 3, 16, 16)
    x = image
    for block in critic.layers.blocks:
        x = block(x)
    assert torch.allclose(critic.forward_features(image), x.relu().mean((2, 3)), atol=1e-5)


def test_channels_are_those_of_the_appendix():
    generator, critic = WGANGPGenerator(image=(3, 32, 32)), WGANGPCritic(image=(3, 32, 32))
    assert {block.conv2.out_channels for block in generator.layers.blocks} == {128}
    assert {block.conv2.out_channels for block in critic.layers.blocks} == {128}
    assert sum(p.numel() for p in generator.parameters()) == pytest.approx(1.2e6, rel=0.05)
