from gancore_nogan import Colorfulness, NoGAN, NoGANDiscriminator

from gancore.testing import contracts


@contracts(NoGAN, NoGANDiscriminator, Colorfulness, expected_failures={})
def test_contract(check):
    check()
