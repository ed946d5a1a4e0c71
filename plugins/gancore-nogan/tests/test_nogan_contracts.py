from gancore_nogan import Colorfulness, NoGAN, NoGANDiscriminator, Recolored

from gancore.testing import contracts


@contracts(NoGAN, NoGANDiscriminator, Recolored, Colorfulness, expected_failures={})
def test_contract(check):
    check()
