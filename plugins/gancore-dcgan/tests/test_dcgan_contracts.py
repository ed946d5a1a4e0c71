from gancore_dcgan import (
    DCGAN,
    DCGANDiscriminator,
    DCGANGenerator,
    PlainDCGANDiscriminator,
    PlainDCGANGenerator,
    VirtualBatchNormGenerator,
)

from gancore.testing import contracts


@contracts(
    DCGAN,
    DCGANGenerator,
    DCGANDiscriminator,
    PlainDCGANGenerator,
    PlainDCGANDiscriminator,
    VirtualBatchNormGenerator,
)
def test_contract(check):
    check()
