"""Settings of NoGAN for a processor."""

from typing import Any

from gancore import Preset
from gancore_nogan.recipe import NoGAN

__all__ = ["PRESETS"]


def adam(lr: float) -> dict[str, Any]:
    """The learning rate at the beginning of a phase, a quarter of it in the adversarial one."""
    return {"lr": lr, "betas": [0.5, 0.99]}


OPTIONS: dict[str, Any] = {
    "generator": {"width": 32},
    "discriminator": {"part": "gancore:patchgan", "width": 32, "layers": 2},
    "batch": 16,
    "generator_share": 0.7,
    "discriminator_share": 0.12,
    "generator_optimizer": adam(4e-4),
    "discriminator_optimizer": adam(4e-4),
    "adversarial_lr": 0.25,
    "perceptual_weight": 0.1,
    "adversarial": 0.03,
}
SMALL = Preset(
    name="nogan-small",
    base=NoGAN,
    doc="""NoGAN for trials on a processor with images of 32×32: a U-Net of 32 to 256 channels and a PatchGAN.

    The sizes and settings are gancore's own: batch 16; shares of 70%, 12% and 18%, since 1% of a small
    training are few steps; learning rates of 4e-4, and 1e-4 in the adversarial phase; a tenth of the
    perceptual distance, whose maps have no learned weights, and an adversarial loss that weighs as much less.
    """,
    options=OPTIONS,
)

COLORIZE = Preset(
    name="colorize-small",
    base=NoGAN,
    doc="""NoGAN for coloring gray images of 32×32 on a processor: that of `nogan-small` around a U-Net that
    makes nothing but colors, since the brightness of the source is put back.

    The sizes and settings are gancore's own.
    """,
    options={
        **OPTIONS,
        "generator": {
            "part": "gancore-nogan:recolored",
            "translator": {"part": "gancore:unet", "width": 32},
        },
    },
)
PRESETS = (SMALL, COLORIZE)
