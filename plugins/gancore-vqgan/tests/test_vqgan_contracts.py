from gancore_vqgan import (
    VQGAN,
    VQVAE,
    QuantizedEncoder,
    VQGANDecoder,
    VQGANDiscriminator,
    VQGANEncoder,
    VQVAEDecoder,
    VQVAEEncoder,
)

from gancore.testing import contracts

NETWORKS = (QuantizedEncoder, VQGANDecoder, VQGANDiscriminator, VQGANEncoder, VQVAEDecoder, VQVAEEncoder)


@contracts(VQGAN, VQVAE, *NETWORKS)
def test_contract(check):
    check()
