from gancore_esrgan import RRDBNet, SRVGGNet, UNetDiscriminator

from gancore.testing import contracts


@contracts(RRDBNet, SRVGGNet, UNetDiscriminator, expected_failures={})
def test_contract(check):
    check()
