from gancore_vqgan import VQVAE, QuantizedEncoder, VQGANDecoder, VQGANEncoder, VQVAEDecoder, VQVAEEncoder

from gancore.testing import contracts


@contracts(VQVAE, QuantizedEncoder, VQGANDecoder, VQGANEncoder, VQVAEDecoder, VQVAEEncoder)
def test_contract(check):
    check()
