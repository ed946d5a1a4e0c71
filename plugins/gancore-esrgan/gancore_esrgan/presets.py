"""The two steps of training, and settings for trials on a processor."""

from collections.abc import Mapping
from typing import Any

from gancore import Preset
from gancore_esrgan.real_esrgan import RealESRGAN
from gancore_esrgan.recipe import ESRGAN

__all__ = ["PRESETS"]

PIXELS_ALONE: Mapping[str, Any] = {
    "adversarial": 0.0,
    "perceptual": "none",
    "perceptual_weight": 0.0,
    "pixel_weight": 1.0,
}
"""No discriminator, and no features."""


def halved(lr: float, *points: int, betas: tuple[float, float]) -> dict[str, Any]:
    """Adam, whose learning rate is halved after each of these counts of images."""
    factors = [[0, 1.0], *([count, 0.5 ** (i + 1)] for i, count in enumerate(points))]
    return {
        "part": "gancore:adam",
        "lr": lr,
        "betas": list(betas),
        "schedule": {"part": "gancore:piecewise", "between": "constant", "points": factors},
    }


PERIOD = 16 * 200_000
"""Images in the steps after which the learning rate is halved."""

ESRNET = Preset(
    name="esrnet",
    base=ESRGAN,
    doc="""The first step of ESRGAN: the generator learns by the pixels alone, without a discriminator.

    Paper: Wang et al. 2018, arXiv:1809.00219, section 4.1: L1, batch 16, a learning rate of 2e-4 that is
    halved after each 200,000 steps, here counted in images. Released were 1,000,000 steps.
    """,
    options={
        **PIXELS_ALONE,
        "generator_optimizer": halved(2e-4, *(i * PERIOD for i in range(1, 5)), betas=(0.9, 0.999)),
    },
)

NARROW: Mapping[str, Any] = {
    "generator": {"width": 32, "growth": 16, "blocks": 3},
    "discriminator": {"part": "gancore-esrgan:unet-sn", "width": 16},
}
"""Small networks."""


def falling(lr: float) -> dict[str, Any]:
    """Adam that falls to zero over the second half."""
    return {
        "part": "gancore:adam",
        "lr": lr,
        "betas": [0.9, 0.99],
        "schedule": {"part": "gancore:linear", "constant": 0.5},
    }


ESRNET_SMALL = Preset(
    name="esrnet-small",
    base=ESRGAN,
    doc="""The first step of ESRGAN for trials on a processor: 3 blocks of width 32.

    Paper: Wang et al. 2018, arXiv:1809.00219. The sizes and settings are gancore's own.
    """,
    options={**PIXELS_ALONE, **NARROW, "generator_optimizer": falling(1e-3)},
)

ESRGAN_SMALL = Preset(
    name="esrgan-small",
    base=ESRGAN,
    doc="""ESRGAN for trials on a processor: 3 blocks of width 32 and a U-Net discriminator of width 16;
    starts from `esrnet-small`.

    Paper: Wang et al. 2018, arXiv:1809.00219. The sizes and settings are gancore's own.
    """,
    options={**NARROW, "generator_optimizer": falling(2e-4), "discriminator_optimizer": falling(2e-4)},
)

REAL_ESRNET = Preset(
    name="real-esrnet",
    base=RealESRGAN,
    doc="""The first step of Real-ESRGAN: the generator learns by the pixels alone, without a discriminator.

    Paper: Wang et al. 2021, arXiv:2107.10833, section 4.1: L1, batch 48, a constant learning rate of 2e-4.
    Released were 1,000,000 steps.
    """,
    options={**PIXELS_ALONE, "generator_optimizer": {"lr": 2e-4}},
)

MILD: Mapping[str, Any] = {
    **NARROW,
    "degradation": "gancore-esrgan:second-order-mild",
    "sharpening": "none",
    "average": {"half_life": 2000.0},
    "batch": 16,
}
"""Small networks and images."""

REAL_ESRNET_SMALL = Preset(
    name="real-esrnet-small",
    base=RealESRGAN,
    doc="""The first step of Real-ESRGAN for trials on a processor: 3 blocks of width 32, batch 16, and a
    degradation for small images.

    Paper: Wang et al. 2021, arXiv:2107.10833. The sizes and settings are gancore's own.
    """,
    options={**PIXELS_ALONE, **MILD, "generator_optimizer": falling(1e-3)},
)

REAL_ESRGAN_SMALL = Preset(
    name="real-esrgan-small",
    base=RealESRGAN,
    doc="""Real-ESRGAN for trials on a processor: 3 blocks of width 32, a discriminator of width 16, batch 16,
    and a degradation for small images; starts from `real-esrnet-small`.

    Paper: Wang et al. 2021, arXiv:2107.10833. The sizes and settings are gancore's own.
    """,
    options={**MILD, "generator_optimizer": falling(2e-4), "discriminator_optimizer": falling(2e-4)},
)

PRESETS = (ESRNET, ESRNET_SMALL, ESRGAN_SMALL, REAL_ESRNET, REAL_ESRNET_SMALL, REAL_ESRGAN_SMALL)
