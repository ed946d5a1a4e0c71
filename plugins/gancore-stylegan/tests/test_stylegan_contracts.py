from gancore_stylegan import (
    GrowingStyleGAN,
    GrowingStyleGANDiscriminator,
    GrowingStyleGANMapping,
    GrowingStyleGANSynthesis,
    LabeledGrowingStyleGANDiscriminator,
    LabeledGrowingStyleGANMapping,
    LabeledStyleGANDiscriminator,
    LabeledStyleGANMapping,
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
    LabeledStyleGANMapping,
    LabeledStyleGANDiscriminator,
    GrowingStyleGAN,
    GrowingStyleGANMapping,
    LabeledGrowingStyleGANMapping,
    GrowingStyleGANSynthesis,
    GrowingStyleGANDiscriminator,
    LabeledGrowingStyleGANDiscriminator,
)
def test_contract(check):
    check()
