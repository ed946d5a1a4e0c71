from gancore_autoencoder import (
    AbsoluteCode,
    Autoencoder,
    AutoencoderEncoder,
    AutoencoderGenerator,
    CodeNorm,
    Contractive,
    CrossEntropy,
    DecoderGradient,
    DecoderWeights,
    ExPost,
    KSparse,
    MaskingNoise,
    MLPEncoder,
    MLPGenerator,
    PretrainedAutoencoder,
    ProjectedContractive,
    SaltAndPepper,
    SparseActivation,
    SpectralGenerator,
    SquaredError,
)

from gancore.testing import contracts

NETWORKS = (AutoencoderEncoder, MLPEncoder, KSparse, AutoencoderGenerator, SpectralGenerator, MLPGenerator)
PENALTIES = (CodeNorm, DecoderWeights, DecoderGradient, AbsoluteCode, SparseActivation)


@contracts(
    *(Autoencoder, PretrainedAutoencoder, ExPost, *NETWORKS),
    *(MaskingNoise, SaltAndPepper),
    *(SquaredError, CrossEntropy, *PENALTIES, Contractive, ProjectedContractive),
)
def test_contract(check):
    check()
