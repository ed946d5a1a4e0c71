from gancore_esrgan import ESRGAN, FeatureL1, RRDBNet, SRGANDiscriminator, SRVGGNet, UNetDiscriminator

from gancore.testing import contracts


@contracts(
    *(RRDBNet, SRVGGNet, UNetDiscriminator, SRGANDiscriminator, FeatureL1, ESRGAN), expected_failures={}
)
def test_contract(check):
    check()
