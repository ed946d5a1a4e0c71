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
    running statistics, one translation for each source, a discriminator of 32 to 128 channels, and 15 epochs.
    """,
    options={
        "generator": {"width": 32, "noise": False, "own_statistics": False},
        "discriminator": {"width": 32, "layers": 2},
        "batch": 8,
        "epochs": 15,
    },
)

PRESETS = (MEDIUM, SMALL)
