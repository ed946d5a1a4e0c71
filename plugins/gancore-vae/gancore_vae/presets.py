"""Published settings and combinations of parts, as data."""

import math
from collections.abc import Mapping
from typing import Any

from gancore.component.presets import Preset
from gancore_vae.recipe import VAE


def _preset(name: str, doc: str, **options: Any) -> Preset:
    return Preset(name=name, base=VAE, doc=doc, options=options)


_LABELED: Mapping[str, Any] = {
    "conditioner": "embedding",
    "encoder": {"part": "labeled", "network": "convolutional-encoder"},
    "generator": {"part": "convolutional-decoder", "latent": 128},
}
_VAMP: Mapping[str, Any] = {"part": "vamp", "encoder": {"same": "encoder"}}
_CAPACITY: Mapping[str, Any] = {
    "part": "capacity",
    "gamma": 1000.0,
    "capacity": {"part": "linear", "start": 0.0, "end": 25.0, "over": 6_400_000},
}
_ANNEALED: Mapping[str, Any] = {"part": "linear", "start": 0.0, "end": 1.0, "over": 100_000}

PRESETS = (
    _preset(
        "conditional-vae",
        "VAE whose encoder and decoder read the label (Sohn et al. 2015).",
        **_LABELED,
    ),
    _preset(
        "annealed-vae",
        "VAE whose divergence counts little at first: β rises from 0 to 1 over 100,000 images.",
        beta=_ANNEALED,
    ),
    _preset(
        "capacity-vae",
        "VAE held at a capacity that grows to 25 nats over 100,000 steps of 64 images (Burgess et al. 2018).",
        batch=64,
        divergence=_CAPACITY,
        generator={"part": "convolutional-decoder", "latent": 10},
    ),
    _preset(
        "beta-tc-vae",
        "VAE with six times the weight on the total correlation of its latents (Chen et al. 2018).",
        divergence="total-correlation",
        generator={"part": "convolutional-decoder", "latent": 10},
    ),
    _preset(
        "info-vae",
        "VAE whose latents match the prior by their maximum mean discrepancy (Zhao et al. 2017).",
        divergence="info",
    ),
    _preset(
        "wae-mmd",
        "Wasserstein autoencoder with squared error and maximum mean discrepancy (Tolstikhin et al. 2017).",
        batch=100,
        likelihood={"part": "gaussian", "deviation": math.sqrt(0.5)},
        divergence="wae-mmd",
    ),
    _preset(
        "mixture-vae",
        "VAE with a learned mixture of 10 Gaussians as its prior.",
        prior="mixture-prior",
        divergence="sampled",
    ),
    _preset(
        "vamp-vae",
        "VAE with the VampPrior of 500 pseudo-inputs (Tomczak & Welling 2017).",
        encoder={"part": "convolutional-encoder"},
        prior=_VAMP,
        divergence="sampled",
    ),
    _preset(
        "flow-vae",
        "VAE with a RealNVP flow as its prior (Dinh et al. 2016).",
        prior="real-nvp",
        divergence="sampled",
    ),
)
