"""The autoencoders of the literature as settings of one recipe."""

from gancore.component.presets import Preset
from gancore_autoencoder.recipe import Autoencoder

_NORM = {"part": "gancore-autoencoder:code-norm"}

DENOISING = Preset(
    name="denoising-autoencoder",
    base=Autoencoder,
    doc="Denoising autoencoder (Vincent et al. 2008): a quarter of the values masked, cross-entropy.",
    options={
        "corruptions": [{"part": "gancore-autoencoder:masking-noise"}],
        "reconstruction": {"part": "gancore-autoencoder:cross-entropy"},
    },
)
CONTRACTIVE = Preset(
    name="contractive-autoencoder",
    base=Autoencoder,
    doc="Contractive autoencoder (Rifai et al. 2011), the norm of the Jacobian by random projections.",
    options={"penalties": [{"part": "gancore-autoencoder:contractive-projected"}]},
)
SPARSE = Preset(
    name="sparse-autoencoder",
    base=Autoencoder,
    doc="Sparse autoencoder (Ng 2011): sigmoid codes whose mean activations are moved to 0.05.",
    options={
        "encoder": {"part": "gancore-autoencoder:autoencoder", "activation": "sigmoid"},
        "penalties": [{"part": "gancore-autoencoder:sparse-activation"}],
    },
)
K_SPARSE = Preset(
    name="k-sparse-autoencoder",
    base=Autoencoder,
    doc="k-sparse autoencoder (Makhzani & Frey 2013): 16 of 256 values of a code are not zero.",
    options={
        "encoder": {"part": "gancore-autoencoder:k-sparse"},
        "generator": {"part": "gancore-autoencoder:autoencoder", "latent": 256},
    },
)
RAE = Preset(
    name="rae",
    base=Autoencoder,
    doc="Regularized autoencoder (Ghosh et al. 2019, arXiv:1903.12436) without a term for the decoder.",
    options={"penalties": [_NORM]},
)
RAE_L2 = Preset(
    name="rae-l2",
    base=Autoencoder,
    doc="Regularized autoencoder (Ghosh et al. 2019, arXiv:1903.12436) with weight decay of the decoder.",
    options={"penalties": [_NORM, {"part": "gancore-autoencoder:decoder-weights"}]},
)
RAE_GP = Preset(
    name="rae-gp",
    base=Autoencoder,
    doc="Regularized autoencoder (Ghosh et al. 2019, arXiv:1903.12436) with the decoder's gradient penalty.",
    options={"penalties": [_NORM, {"part": "gancore-autoencoder:decoder-gradient"}]},
)
RAE_SN = Preset(
    name="rae-sn",
    base=Autoencoder,
    doc="Regularized autoencoder (Ghosh et al. 2019, arXiv:1903.12436) with spectral normalization.",
    options={"generator": {"part": "gancore-autoencoder:autoencoder-spectral"}, "penalties": [_NORM]},
)
PRESETS = (DENOISING, CONTRACTIVE, SPARSE, K_SPARSE, RAE, RAE_L2, RAE_GP, RAE_SN)
