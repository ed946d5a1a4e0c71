import numpy as np
import pytest
import torch
from gancore_sngan import (
    PROJECTION,
    SNGAN,
    LabeledSNGANGenerator,
    ProjectionSNGANDiscriminator,
    SNGANDiscriminator,
    SNGANGenerator,
)

from gancore import build, create
from gancore.data import open_data
from gancore.errors import FactError, FitError, SpecError
from gancore.nn.conditional_norm import ConditionalBatchNorm2d
from gancore.nn.residual import ResidualBlock
from gancore.training.start import fit_to_data


def parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("size", "generator", "discriminator"),
    [(32, 4_276_739, 1_053_825), (64, 12_220_675, 10_141_441), (128, 32_150_787, 29_017_857)],
)
def test_parameters_are_those_of_torch_mimicry(size, generator, discriminator):
    with torch.device("meta"):
        made = SNGANGenerator(image=(3, size, size))
    assert parameters(made) == generator
    assert parameters(SNGANDiscriminator(image=(3, size, size))) == discriminator


def test_parameters_with_labels():
    facts = {"image": (3, 32, 32), "classes": 10}
    assert parameters(LabeledSNGANGenerator(**facts)) == 4_304_387
    assert parameters(ProjectionSNGANDiscriminator(**facts)) == 1_055_105


def test_widths_at_48_are_those_of_the_paper():
    """Table 4, STL-10: 6×6 maps of 512 channels up to 64; 64 to 1024 channels down, the last not halved."""
    generator = SNGANGenerator(image=(3, 48, 48)).layers
    assert generator.small == (512, 6, 6)
    assert [block.conv2.out_channels for block in generator.blocks] == [256, 128, 64]
    judge = SNGANDiscriminator(image=(3, 48, 48)).layers
    assert [block.conv2.out_channels for block in judge.blocks] == [64, 128, 256, 512, 1024]
    assert [not isinstance(block.down, torch.nn.Identity) for block in judge.blocks] == [True] * 4 + [False]


def test_every_layer_of_the_discriminator_has_norm_one():
    judge = SNGANDiscriminator(image=(3, 16, 16), widths=(4, 4), halvings=1)
    layers = [m for m in judge.modules() if hasattr(m, "sigma")]
    assert len(layers) == 6
    for layer in layers:
        layer.update_buffers(50)
        norm = torch.linalg.matrix_norm(layer.effective_weight().flatten(1), 2)
        assert norm.item() == pytest.approx(1, abs=1e-4)


def test_classes_differ_by_scale_and_bias_alone():
    generator = LabeledSNGANGenerator(image=(3, 16, 16), classes=3, latent_size=4, widths=(4, 4, 4)).eval()
    latent = torch.randn(1, 4).expand(3, 4)
    code = torch.cat([latent, torch.eye(3)], dim=1)
    same = generator(code)
    assert torch.allclose(same[0], same[1])  # all begin as plain batch normalization
    for norm in (m for m in generator.modules() if isinstance(m, ConditionalBatchNorm2d)):
        torch.nn.init.normal_(norm.gain.weight)
    images = generator(code)
    assert not torch.allclose(images[0], images[1])
    mixed = generator(torch.cat([latent[:1], torch.tensor([[0.5, 0.5, 0.0]])], dim=1))
    assert mixed.shape == (1, 3, 16, 16)


def test_a_label_changes_the_score_by_its_product_with_the_features():
    judge = ProjectionSNGANDiscriminator(image=(3, 16, 16), classes=3, widths=(4, 4), halvings=1)
    image = torch.randn(2, 3, 16, 16)
    features = judge.forward_features(image)
    table = judge.head.embedding.effective_weight()
    first, second = judge(image, torch.tensor([0, 0])), judge(image, torch.tensor([1, 1]))
    assert torch.allclose(first - second, features @ (table[0] - table[1]), atol=1e-4)
    with pytest.raises(FitError, match="reads labels, but got none"):
        judge(image)


def test_the_inputs_of_shortcuts():
    plain = SNGANDiscriminator(image=(3, 16, 16), widths=(4, 4), halvings=1)
    activated = SNGANDiscriminator(image=(3, 16, 16), widths=(4, 4), halvings=1, activated_shortcut=True)
    blocks = [[m for m in judge.modules() if isinstance(m, ResidualBlock)] for judge in (plain, activated)]
    assert [block.activated_shortcut for block in blocks[0]] == [False, False]
    assert [block.activated_shortcut for block in blocks[1]] == [False, True]


@pytest.mark.parametrize("image", [(3, 34, 32), (3, 36, 36)])
def test_sizes_that_no_blocks_make(image):
    with pytest.raises(FactError, match=r"resize the images"):
        SNGANGenerator(image=image)


def test_widths_that_do_not_match_the_maps():
    with pytest.raises(FactError, match=r"needs 4 widths for images of 32×32, one for each map"):
        SNGANGenerator(image=(3, 32, 32), widths=(8, 8))
    with pytest.raises(FactError, match="halves images 5 times, so their sides must be multiples of 32"):
        SNGANDiscriminator(image=(3, 16, 16), widths=(8,) * 5, halvings=5)
    with pytest.raises(FactError, match=r"sides must be multiples of 2\^4611686018427387904"):
        SNGANDiscriminator(image=(3, 16, 16), widths=(8,) * 5, halvings=2**62)
    with pytest.raises(SpecError, match="widths has 1001 sizes; give at most 1,000"):
        build({"part": "gancore-sngan:sngan", "widths": [8] * 1001}, "discriminator")


def test_a_recipe_that_was_built_before_it_knew_the_classes_says_what_to_do():
    """The generator with labels would be told 0 classes by the recipe, and then 3 by the same one."""
    sizes = {"generator.widths": (4, 4), "generator.latent_size": 4}
    sizes |= {"discriminator.widths": (4,), "discriminator.halvings": 1}
    data = open_data(np.zeros((6, 3, 8, 8), np.uint8), labels=[0, 1, 2] * 2)
    with pytest.raises(
        FactError, match=r"built for classes 0, and now it is 3; create it with classes=3, or leave"
    ):
        fit_to_data(create("sngan", sizes, image=(3, 8, 8)), data, seed=0)
    for facts in ({}, {"classes": 3, "image": (3, 8, 8)}):
        fit_to_data(create("sngan", sizes, **facts), data, seed=0)


def test_the_recipe_is_that_of_the_paper():
    recipe = SNGAN(image=(3, 16, 16), generator={"widths": (4, 4, 4)}, discriminator={"widths": (4, 4)})
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert (optimizer.lr, optimizer.betas) == (2e-4, (0.0, 0.9))
    assert (recipe.discriminator_steps, recipe.batch, recipe.loss.name) == (5, 64, "hinge")


def test_the_preset_reads_labels_everywhere():
    recipe = PROJECTION(
        image=(3, 16, 16),
        classes=3,
        generator={"widths": [4, 4, 4], "latent_size": 5},
        discriminator={"widths": [4, 4], "halvings": 1},
    )
    assert recipe.wants == {"image", "label"} and recipe.sampler.latent == (5,)
    with pytest.raises(FactError, match="the data have no labels"):
        PROJECTION(image=(3, 16, 16), classes=0)
