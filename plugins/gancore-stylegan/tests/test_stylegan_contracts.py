from gancore_stylegan import (
    GrowingStyleGAN,
    GrowingStyleGANDiscriminator,
    GrowingStyleGANSynthesis,
    LabelledGrowingStyleGANDiscriminator,
    LabelledStyleGANDiscriminator,
    LabelledStyleGANMapping,
    StyleGAN,
    StyleGANDiscriminator,
    StyleGANMapping,
    StyleGANSynthesis,
)

from gancore.testing import contracts


@contracts(
    StyleGAN,
    StyleGANMapping,
    StyleGANSynthesis,
    StyleGANDiscriminator,
    LabelledStyleGANMapping,
    LabelledStyleGANDiscriminator,
    GrowingStyleGAN,
    GrowingStyleGANSynthesis,
    GrowingStyleGANDiscriminator,
    LabelledGrowingStyleGANDiscriminator,
)
def test_contract(check):
    check()
