from gancore_stylegan import (
    GrowingStyleGAN,
    GrowingStyleGANDiscriminator,
    GrowingStyleGANMapping,
    GrowingStyleGANSynthesis,
    LabelledGrowingStyleGANDiscriminator,
    LabelledGrowingStyleGANMapping,
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
    GrowingStyleGANMapping,
    LabelledGrowingStyleGANMapping,
    GrowingStyleGANSynthesis,
    GrowingStyleGANDiscriminator,
    LabelledGrowingStyleGANDiscriminator,
)
def test_contract(check):
    check()
