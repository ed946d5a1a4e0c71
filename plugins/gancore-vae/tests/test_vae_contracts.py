from gancore_vae import (
    VAE,
    Bernoulli,
    Capacity,
    ClosedForm,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    DiscretizedLogistic,
    Gaussian,
    LabeledEncoder,
    LearnedGaussian,
    MixturePrior,
    MLPDecoder,
    MLPEncoder,
    RealNVP,
    Sampled,
    Vamp,
)

from gancore.testing import contracts

NETWORKS = (ConvolutionalDecoder, ConvolutionalEncoder, MLPDecoder, MLPEncoder, LabeledEncoder)


LIKELIHOODS = (Bernoulli, Gaussian, LearnedGaussian, DiscretizedLogistic)


PRIORS = (MixturePrior, RealNVP, Vamp)


@contracts(VAE, *NETWORKS, *LIKELIHOODS, *PRIORS, Capacity, ClosedForm, Sampled)
def test_contract(check):
    check()
