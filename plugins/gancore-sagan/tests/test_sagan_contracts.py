from gancore_sagan import (
    SAGAN,
    LabeledSAGANDiscriminator,
    LabeledSAGANGenerator,
    SAGANDiscriminator,
    SAGANGenerator,
)

from gancore.testing import contracts


@contracts(SAGAN, SAGANGenerator, LabeledSAGANGenerator, SAGANDiscriminator, LabeledSAGANDiscriminator)
def test_contract(check):
    check()
