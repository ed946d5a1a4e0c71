from gancore_stylegan import (
    LabeledPlainStyleGAN2Discriminator,
    LabeledSkipStyleGAN2Discriminator,
    LabeledStyleGAN2Discriminator,
    LabeledStyleGAN2Mapping,
    PlainStyleGAN2Discriminator,
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    SkipStyleGAN2Discriminator,
    StyleGAN2,
    StyleGAN2Discriminator,
    StyleGAN2Mapping,
    StyleGAN2Synthesis,
)

from gancore.testing import contracts


@contracts(
    StyleGAN2,
    StyleGAN2Synthesis,
    StyleGAN2Discriminator,
    StyleGAN2Mapping,
    LabeledStyleGAN2Mapping,
    LabeledStyleGAN2Discriminator,
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    PlainStyleGAN2Discriminator,
    SkipStyleGAN2Discriminator,
    LabeledPlainStyleGAN2Discriminator,
    LabeledSkipStyleGAN2Discriminator,
)
def test_contract(check):
    check()
