"""A hybrid of several families, in Python and in TOML, trains to the same bits; no fact is typed."""

import torch

from gancore import TwoPlayerGAN, build
from gancore.component.specs import from_toml
from gancore.standard.losses import Hinge
from gancore.standard.regularizers import R1
from gancore.training.start import train

TOML = """
part = "two-player"
loss = "hinge"
regularizers = [{ part = "r1", gamma = 1.0 }]
conditioner = { part = "gancore-stylegan:stylegan", width = 32, latent_width = 32 }
generator = { part = "gancore-stylegan:stylegan", code_width = 32, channels_max = 16 }
discriminator = { part = "gancore-dcgan:dcgan", width = 8 }
"""


def in_python():
    from gancore_dcgan import DCGANDiscriminator
    from gancore_stylegan import StyleGANMapping, StyleGANSynthesis

    return TwoPlayerGAN(
        conditioner=StyleGANMapping(width=32, latent_width=32),
        generator=StyleGANSynthesis(code_width=32, channels_max=16),
        discriminator=DCGANDiscriminator(width=8),
        loss=Hinge(),
        regularizers=[R1(gamma=1.0)],
    )


def test_python_and_toml_train_to_the_same_bits(tmp_path):
    how = {"images": 24, "batch": 8, "threads": 1, "seed": 3, "sample_every": 24}
    first = train(in_python(), "emoji", output=tmp_path / "python", **how)
    second = train(build(from_toml(TOML)), "emoji", output=tmp_path / "toml", **how)
    mine, other = first.recipe.state_dict(), second.recipe.state_dict()
    assert mine.keys() == other.keys()
    assert all(torch.equal(mine[name], other[name]) for name in mine)
    assert any(not torch.equal(mine[name], value) for name, value in build_untrained().items())


def build_untrained():
    recipe = build(from_toml(TOML))
    recipe.bind(facts={"image": (3, 32, 32), "classes": 9}, by="the data", seed=3)
    return {name: value for name, value in recipe.state_dict().items() if name.startswith("generator.")}
