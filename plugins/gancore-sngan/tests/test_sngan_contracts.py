from gancore_sngan import (
    SNGAN,
    LabeledSNGANGenerator,
    ProjectionSNGANDiscriminator,
    SNGANDiscriminator,
    SNGANGenerator,
)

from gancore.testing import contracts


@contracts(SNGAN, SNGANGenerator, LabeledSNGANGenerator, SNGANDiscriminator, ProjectionSNGANDiscriminator)
def test_contract(check):
    check()
