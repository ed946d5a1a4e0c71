from gancore_stylegan import RotationalStyleGAN3Synthesis, StyleGAN3, StyleGAN3Synthesis

from gancore.testing import contracts


@contracts(StyleGAN3, StyleGAN3Synthesis, RotationalStyleGAN3Synthesis)
def test_contract(check):
    check()
