from gancore_vae import (
    VAE,
    Bernoulli,
    ClosedForm,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    Gaussian,
    LearnedGaussian,
    MLPDecoder,
    MLPEncoder,
    Sampled,
)

from gancore.testing import contracts

NETWORKS = (ConvolutionalDecoder, ConvolutionalEncoder, MLPDecoder, MLPEncoder)


@contracts(VAE, *NETWORKS, Bernoulli, Gaussian, LearnedGaussian, ClosedForm, Sampled)
def test_contract(check):
    check()
