from gancore_cyclegan import CycleGAN

from gancore.testing import contracts


@contracts(CycleGAN, expected_failures={})
def test_contract(check):
    check()
