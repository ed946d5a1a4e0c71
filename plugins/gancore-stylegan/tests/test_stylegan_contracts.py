from gancore_stylegan import (
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
)
def test_contract(check):
    check()
