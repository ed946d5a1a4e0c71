from gancore_r3gan import R3GAN, LabeledR3GANDiscriminator, R3GANDiscriminator, R3GANGenerator

from gancore.testing import contracts


@contracts(R3GAN, R3GANGenerator, R3GANDiscriminator, LabeledR3GANDiscriminator)
def test_contract(check):
    check()
