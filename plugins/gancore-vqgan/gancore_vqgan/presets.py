"""Settings of VQGAN, the released ones for other data and small ones, and of VQ-VAE with two levels."""

from typing import Any

from gancore import Preset
from gancore_vqgan.vqgan import VQGAN
from gancore_vqgan.vqvae import VQVAE

__all__ = ["PRESETS"]

RATE = 4.5e-6
"""The released learning rate for each image of a batch."""


def released(batch: int, steps: int) -> dict[str, Any]:
    """Batch size, and the steps after which the discriminator starts."""
    adam = {"lr": RATE * batch}
    return {
        "batch": batch,
        "discriminator_start": batch * steps,
        "optimizer": adam,
        "discriminator_optimizer": adam,
    }


IMAGENET = Preset(
    name="vqgan-imagenet",
    base=VQGAN,
    doc="""VQGAN for ImageNet at 256×256, as released: batch 12, the discriminator starts after 3 million
    images.

    Paper: Esser et al. 2020, arXiv:2012.09841; the released settings, on one device.
    """,
    options=released(12, 250_001),
)

FACES = Preset(
    name="vqgan-faceshq",
    base=VQGAN,
    doc="""VQGAN for CelebA-HQ and FFHQ at 256×256, as released: batch 3, the discriminator starts after
    90,000 images.

    Paper: Esser et al. 2020, arXiv:2012.09841; the released settings, on one device.
    """,
    options=released(3, 30_001),
)

NARROW = {
    "width": 32,
    "multipliers": [1, 2, 2],
    "blocks": 1,
    "attention": [8],
    "channels": 64,
    "groups": 8,
}
SHORT_ADAM = {"lr": 2e-4}
STARTED: dict[str, Any] = {
    "part": "gancore:revival",
    "quantizer": {"part": "gancore:k-means-start", "quantizer": {"part": "gancore:vector", "size": 512}},
}
"""512 vectors that start from the data, and are replaced where they are not used."""
SMALL = Preset(
    name="vqgan-small",
    base=VQGAN,
    doc="""VQGAN for trials on a processor with images of 32×32: 32 to 64 channels, maps of 8×8 and 512
    vectors.

    Paper: Esser et al. 2020, arXiv:2012.09841. The sizes and settings are gancore's own: batch 16, learning
    rates of 0.0002, a tenth of the perceptual distance, whose maps have no learned weights, and of the
    adversarial term, which at the paper's weight takes grays away, vectors that start from the data and are
    replaced where they are not used, and a discriminator of 32 to 128 channels that starts after 40,000
    images.
    """,
    options={
        "generator": {"vector": 64, **NARROW},
        "encoder": {
            "network": {"part": "gancore-vqgan:vqgan", **NARROW},
            "quantizer": STARTED,
        },
        "discriminator": {"width": 32, "layers": 2},
        "perceptual_weight": 0.1,
        "adversarial": 0.1,
        "batch": 16,
        "discriminator_start": 40_000,
        "optimizer": SHORT_ADAM,
        "discriminator_optimizer": SHORT_ADAM,
    },
)
TWO_LEVELS = Preset(
    name="vq-vae-2",
    base=VQVAE,
    doc="""VQ-VAE-2, with code maps of two sizes: an eighth and a quarter of the image's.

    Paper: Razavi et al. 2019, arXiv:1906.00446, section 3.1 and algorithm 1: two codebooks of 512 vectors,
    moving averages, β = 0.25, batch 128. The learning rate is that of VQ-VAE.
    """,
    options={
        "generator": {"part": "gancore-vqgan:vq-vae-2"},
        "encoder": {"part": "gancore-vqgan:vq-vae-2"},
    },
)
PRESETS = (IMAGENET, FACES, SMALL, TWO_LEVELS)
