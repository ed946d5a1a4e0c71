from gancore_cgan import (
    ACGAN,
    CGAN,
    MLPCGAN,
    ACGANDiscriminator,
    ACGANGenerator,
    CGANDiscriminator,
    CGANGenerator,
    InfoGAN,
    InfoGANDiscriminator,
    InfoGANGenerator,
    MaxoutCGANDiscriminator,
    MLPCGANGenerator,
)

from gancore.testing import contracts

RECIPES = (CGAN, MLPCGAN, ACGAN, InfoGAN)
GENERATORS = (CGANGenerator, MLPCGANGenerator, ACGANGenerator, InfoGANGenerator)
DISCRIMINATORS = (CGANDiscriminator, MaxoutCGANDiscriminator, ACGANDiscriminator, InfoGANDiscriminator)


@contracts(*RECIPES, *GENERATORS, *DISCRIMINATORS)
def test_contract(check):
    check()
