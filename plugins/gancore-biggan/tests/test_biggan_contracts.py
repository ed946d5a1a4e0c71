from gancore_biggan import (
    BigGAN,
    BigGANDiscriminator,
    BigGANGenerator,
    DeepBigGANDiscriminator,
    DeepBigGANGenerator,
    ScaledTruncatedNormal,
    TableBigGANGenerator,
    TabledDeepBigGANGenerator,
)

from gancore.testing import contracts


@contracts(
    BigGAN,
    BigGANGenerator,
    TableBigGANGenerator,
    DeepBigGANGenerator,
    BigGANDiscriminator,
    DeepBigGANDiscriminator,
    TabledDeepBigGANGenerator,
    ScaledTruncatedNormal,
)
def test_contract(check):
    check()
