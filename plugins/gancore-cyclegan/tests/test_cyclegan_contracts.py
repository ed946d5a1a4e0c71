from gancore_cyclegan import CycleGAN, ResNet

from gancore.testing import contracts


@contracts(ResNet, CycleGAN, expected_failures={})
def test_contract(check):
    check()
