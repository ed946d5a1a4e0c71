"""Settings of NoGAN for a processor."""

from gancore import Preset
from gancore_nogan.recipe import NoGAN

__all__ = ["PRESETS"]

SMALL = Preset(
    name="nogan-small",
    base=NoGAN,
    doc="""NoGAN for trials on a processor with images of 32×32: a U-Net of 32 channels and a PatchGAN.

    The sizes and settings are gancore's own: batch 16, a fifth of the training for the adversarial phase,
    with half of the learning rates of the others.
    """,
    options={
        "generator": {"width": 32},
        "discriminator": {"part": "gancore:patchgan", "width": 32, "layers": 2},
        "batch": 16,
    },
)
PRESETS = (SMALL,)
