from gancore_esrgan import (
    ESRGAN,
    FeatureL1,
    RealESRGAN,
    RRDBNet,
    SRGANDiscriminator,
    SRVGGNet,
    UNetDiscriminator,
)

from gancore.testing import contracts

NETWORKS = (RRDBNet, SRVGGNet, UNetDiscriminator, SRGANDiscriminator)


@contracts(*NETWORKS, FeatureL1, ESRGAN, RealESRGAN, expected_failures={})
def test_contract(check):
    check()
