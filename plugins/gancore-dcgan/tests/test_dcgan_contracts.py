from gancore_dcgan import (
    DCGAN,
    DCGANDiscriminator,
    DCGANGenerator,
    PlainDCGANDiscriminator,
    PlainDCGANGenerator,
)

from gancore.testing import contracts


@contracts(DCGAN, DCGANGenerator, DCGANDiscriminator, PlainDCGANGenerator, PlainDCGANDiscriminator)
def test_contract(check):
    check()
