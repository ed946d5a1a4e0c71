"""Settings of Pix2Pix by name."""

from gancore import Preset
from gancore_pix2pix.recipe import Pix2Pix

__all__ = ["PRESETS"]

MEDIUM = Preset(
    name="pix2pix-128",
    base=Pix2Pix,
    doc="""Pix2Pix for images of 128×128: seven halvings, dropout in two layers.

    Paper: Isola et al. 2016, arXiv:1611.07004; the sizes are those of the published code.
    """,
    options={"generator": {"halvings": 7, "dropout_layers": 2}},
)

SMALL = Preset(
    name="pix2pix-small",
    base=Pix2Pix,
    doc="""Pix2Pix for images of 32×32 to 64×64 on a processor: a U-Net of 32 to 256 channels and patches of
    34×34.

    Paper: Isola et al. 2016, arXiv:1611.07004. The sizes and settings are gancore's own: batches of 8,
    running statistics, one translation for each source, as dropout acts in training alone, a discriminator of
    32 to 128 channels that sees augmented pairs, since it would know so few pairs by heart, and has less
    weight, a distance of features beside the absolute one, averaged weights, and 13 epochs.
    """,
    options={
        "generator": {
            "width": 32,
            "noise": False,
            "own_statistics": False,
            "dropout": 0.3,
            "dropout_layers": 2,
        },
        "discriminator": {"width": 32, "layers": 2},
        "augment": "gancore:diffaugment",
        "adversarial": 0.3,
        "perceptual": "gancore:features",
        "perceptual_weight": 70.0,
        "average": {"part": "gancore:exponential", "half_life": 2000},
        "generator_optimizer": {"lr": 5e-4},
        "discriminator_optimizer": {"lr": 1e-4},
        "batch": 8,
        "epochs": 13,
    },
)

PRESETS = (MEDIUM, SMALL)
