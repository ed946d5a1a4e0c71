import pytest
import torch
from gancore_sagan import (
    LABELS,
    SAGAN,
    LabeledSAGANDiscriminator,
    LabeledSAGANGenerator,
    SAGANDiscriminator,
    SAGANGenerator,
)

from gancore.errors import FactError
from gancore.nn.attention import SelfAttention
from gancore.nn.spectral_norm import Spectral
from gancore.published import Network
from gancore.published.mimicry import up_sizes


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_are_those_of_torch_mimicry():
    facts = {"image": (3, 32, 32), "classes": 10}
    assert parameters(LabeledSAGANGenerator(**facts)) == 4_386_308
    assert parameters(LabeledSAGANDiscriminator(**facts)) == 1_075_586


@pytest.mark.parametrize(("size", "attends"), [(16, 8), (32, 16), (64, 32), (128, 32)])
def test_maps_attend_at_32_or_at_half_the_size(size, attends):
    widths = (4,) * (size.bit_length() - 2)
    generator = SAGANGenerator(image=(3, size, size), latent_size=4, widths=widths)
    judge = SAGANDiscriminator(image=(3, size, size), widths=(4,) * 4, halvings=2)
    seen = []
    for network in (generator, judge):
        layers = [m for m in network.modules() if isinstance(m, SelfAttention)]
        assert len(layers) == 1
        layers[0].register_forward_hook(lambda _, args, out: seen.append(out.shape[2]))
    judge(generator(torch.randn(2, 4)))
    assert seen == [attends, attends]


def test_another_size_may_attend_and_one_that_no_maps_have_is_refused():
    small = {"image": (3, 32, 32), "latent_size": 4, "widths": (4, 4, 4, 4)}
    assert SAGANGenerator(attention=8, **small)(torch.randn(2, 4)).shape == (2, 3, 32, 32)
    with pytest.raises(FactError, match="maps with a shorter side of 8, 16, 32, so attention cannot be at 5"):
        SAGANGenerator(attention=5, **small)
    with pytest.raises(FactError, match="without a map that is doubled, so none can attend; set attention"):
        SAGANGenerator(image=(3, 4, 4), latent_size=4, widths=(4,))


def test_all_layers_of_both_networks_are_normalized():
    for network in (
        SAGANGenerator(image=(3, 16, 16), widths=(4, 4, 4)),
        SAGANDiscriminator(image=(3, 16, 16), widths=(4, 4), halvings=2),
    ):
        layers = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
        assert layers and all(isinstance(layer, Spectral) for layer in layers)


def test_the_recipe_is_that_of_the_paper():
    recipe = SAGAN(image=(3, 16, 16), generator={"widths": (4, 4, 4)}, discriminator={"widths": (4, 4)})
    assert recipe.generator_optimizer.lr == 1e-4 and recipe.discriminator_optimizer.lr == 4e-4
    assert recipe.generator_optimizer.betas == recipe.discriminator_optimizer.betas == (0.0, 0.9)
    assert (recipe.batch, recipe.discriminator_steps, recipe.loss.name) == (256, 1, "hinge")
    with pytest.raises(FactError, match="the data have no labels"):
        LABELS(image=(3, 16, 16), classes=0)


@pytest.mark.parametrize(("blocks", "side", "attends"), [(3, 4, 16), (3, 6, 24), (5, 4, 32), (5, 5, 40)])
def test_generators_of_torch_mimicry_attend_after_the_block_that_they_do_there(blocks, side, attends):
    """After the second of three blocks and the third of five, whatever the size of the smallest map."""
    shapes = {"l1.weight": (2 * side**2, 5), "block2.c1.weight_u": (2,), "c9.weight": (3, 2, 3, 3)}
    shapes |= {f"block{i + 2}.c1.weight": (2, 2, 3, 3) for i in range(blocks)} | {"attn_block.gamma": ()}
    tensors = {name: torch.ones(shape) for name, shape in shapes.items()}
    found = up_sizes(Network("", (), {}, tensors))
    assert found.attention == attends and found.image == (3, side << blocks, side << blocks)
