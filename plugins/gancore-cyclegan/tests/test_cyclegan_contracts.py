from gancore_cyclegan import CycleGAN, PatchGAN, ResNet

from gancore.testing import contracts


@contracts(ResNet, PatchGAN, CycleGAN, expected_failures={})
def test_contract(check):
    check()
