from gancore_pix2pix import Pix2Pix

from gancore.testing import contracts


@contracts(Pix2Pix)
def test_contract(check):
    check()
