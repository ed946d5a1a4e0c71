from gancore_gan import GAN, MLP, Maxout

from gancore.testing import contracts


@contracts(GAN, MLP, Maxout)
def test_contract(check):
    check()
