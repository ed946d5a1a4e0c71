from gancore_vae import (
    IWAE,
    VAE,
    VAEGAN,
    AdversarialAutoencoder,
    Bernoulli,
    Capacity,
    ClosedForm,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    DiscretizedLogistic,
    FactorVAE,
    Gaussian,
    GaussianKernel,
    Info,
    InverseMultiquadratic,
    LabeledEncoder,
    Ladder,
    LadderEncoder,
    LadderVAE,
    LatentMLP,
    LearnedGaussian,
    MixturePrior,
    MLPDecoder,
    MLPEncoder,
    RealNVP,
    Sampled,
    SecondStage,
    TotalCorrelation,
    TwoStageVAE,
    Vamp,
    WassersteinMMD,
)

from gancore.testing import contracts

NETWORKS = (ConvolutionalDecoder, ConvolutionalEncoder, MLPDecoder, MLPEncoder, LabeledEncoder)


LIKELIHOODS = (Bernoulli, Gaussian, LearnedGaussian, DiscretizedLogistic)


PRIORS = (MixturePrior, RealNVP, Vamp, SecondStage)


DIVERGENCES = (Capacity, ClosedForm, Info, Sampled, TotalCorrelation, WassersteinMMD)
RECIPES = (VAE, IWAE, FactorVAE, AdversarialAutoencoder, VAEGAN, LadderVAE, TwoStageVAE)


SMALL = (LatentMLP, Ladder, LadderEncoder, GaussianKernel, InverseMultiquadratic)


@contracts(*RECIPES, *NETWORKS, *LIKELIHOODS, *PRIORS, *DIVERGENCES, *SMALL)
def test_contract(check):
    check()
