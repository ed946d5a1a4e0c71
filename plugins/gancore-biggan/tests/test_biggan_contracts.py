from gancore_biggan import (
    BigGAN,
    BigGANDiscriminator,
    BigGANGenerator,
    DeepBigGANDiscriminator,
    DeepBigGANGenerator,
    TableBigGANGenerator,
)

from gancore.testing import contracts


@contracts(
    BigGAN,
    BigGANGenerator,
    TableBigGANGenerator,
    DeepBigGANGenerator,
    BigGANDiscriminator,
    DeepBigGANDiscriminator,
)
def test_contract(check):
    check()
