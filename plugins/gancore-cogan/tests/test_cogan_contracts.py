from gancore_cogan import CoGAN, CoupledDiscriminator, CoupledGenerator

from gancore.testing import contracts


@contracts(CoGAN, CoupledGenerator, CoupledDiscriminator)
def test_contract(check):
    check()
