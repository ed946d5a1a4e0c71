from gancore_progan import (
    FixedProGAN,
    FixedProGANDiscriminator,
    FixedProGANGenerator,
    ProGAN,
    ProGANDiscriminator,
    ProGANGenerator,
)

from gancore.testing import contracts


@contracts(
    ProGAN,
    ProGANGenerator,
    ProGANDiscriminator,
    FixedProGAN,
    FixedProGANGenerator,
    FixedProGANDiscriminator,
)
def test_contract(check):
    check()
