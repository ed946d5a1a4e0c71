"""StyleGAN2 with adaptive augmentation, as the code of Karras et al. 2020 (ADA), arXiv:2006.06676, was
configured for each data set.
"""

import math
from collections.abc import Mapping
from typing import Any

from gancore import Preset
from gancore_stylegan.stylegan2.recipe import StyleGAN2

__all__ = ["ADA_PRESETS", "AUTO", "CIFAR", "PAPER256", "PAPER512", "PAPER1024"]

AUGMENT = "gancore:ada"


def lazy_r1(**options: Any) -> list[dict[str, Any]]:
    """R1 in every 16th step."""
    return [{"part": "gancore:r1", "every": 16, **options}]


PAPER256 = Preset(
    name="stylegan2-paper256",
    base=StyleGAN2,
    doc="""StyleGAN2 with ADA for 256×256: the released configuration `paper256`.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676, appendix on training: half the feature maps, γ = 1,
    learning rate 0.0025, batch 64, groups of 8, a half-life of 20,000 images without ramp-up. Differences are
    those of its parts and of recipe/stylegan2.
    """,
    options={
        "generator": {"channels_base": 16384},
        "discriminator": {"channels_base": 16384, "group": 8},
        "regularizers": lazy_r1(gamma=1.0),
        "augment": AUGMENT,
        "average": {"half_life": 20_000.0, "ramp_up": math.inf},
        "generator_optimizer": {"lr": 0.0025},
        "discriminator_optimizer": {"lr": 0.0025},
        "batch": 64,
    },
)

PAPER512 = Preset(
    name="stylegan2-paper512",
    base=StyleGAN2,
    doc="""StyleGAN2 with ADA for 512×512: the released configuration `paper512`.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676: as recipe/stylegan2-paper256, but all feature maps, and
    γ = 0.5.
    """,
    options={
        **PAPER256.options,
        "generator": {},
        "discriminator": {"group": 8},
        "regularizers": lazy_r1(gamma=0.5),
    },
)

PAPER1024 = Preset(
    name="stylegan2-paper1024",
    base=StyleGAN2,
    doc="""StyleGAN2 with ADA for 1024×1024: the released configuration `paper1024`.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676: as recipe/stylegan2, but γ = 2, and no ramp-up of the
    average's half-life.
    """,
    options={
        "regularizers": lazy_r1(gamma=2.0),
        "augment": AUGMENT,
        "average": {"half_life": 10_000.0, "ramp_up": math.inf},
    },
)

CIFAR = Preset(
    name="stylegan2-cifar",
    base=StyleGAN2,
    doc="""StyleGAN2 with ADA for CIFAR-10: the released configuration `cifar`.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676, appendix on CIFAR-10: no style mixing, no path length
    regularization, no residuals in the discriminator, two mapping layers, γ = 0.01, learning rate 0.0025,
    batch 64, groups of 32, a half-life of 500,000 images with ramp-up. The released code rescales the
    generator's optimizer for a penalty in every 4th step, which here has no weight: learning rate 0.002, β₂ =
    0.99^0.8. Differences are those of its parts; labels: `conditioner=stylegan2-labels` with
    `conditioner.layers=2` and `conditioner.mixing=0`, `discriminator=stylegan2-plain-labels` with
    `discriminator.group=32`.
    """,
    options={
        "discriminator": {"part": "gancore-stylegan:stylegan2-plain", "group": 32},
        "conditioner": {"layers": 2, "mixing": 0.0},
        "regularizers": lazy_r1(gamma=0.01),
        "generator_regularizers": [],
        "augment": AUGMENT,
        "average": {"half_life": 500_000.0},
        "generator_optimizer": {"lr": 0.0025 * 4 / 5, "betas": [0.0, 0.99 ** (4 / 5)]},
        "discriminator_optimizer": {"lr": 0.0025},
        "batch": 64,
    },
)


def batch_for(image: tuple[int, int, int]) -> int:
    """min(4096 / r, 32) for images whose longer side is r, as the configuration `auto` has it."""
    return max(min(4096 // max(image[1:]), 32), 1)


def without_batch_zero(table: Mapping[str, Any]) -> dict[str, Any]:
    """Older tables hold 0 for the batch that the size of the images says."""
    return {key: value for key, value in table.items() if (key, value) != ("batch", 0)}


AUTO = Preset(
    name="stylegan2-auto",
    base=StyleGAN2,
    doc="""StyleGAN2 with ADA for any data: the released configuration `auto` of Karras et al. 2020,
    arXiv:2006.06676.

    With r the longer side of the images, on one processor: batch min(4096 / r, 32), γ = 0.0002 · pixels /
    batch, a half-life of the average of 10,000 · batch / 32 images with ramp-up; half the feature maps,
    learning rate 0.0025, two mapping layers. Of the batch counts the recipe's own, not one that is given for
    a run alone. Differences: the released code has all feature maps from r = 512 on (set both `channels_base`
    to 32768), and learning rate 0.002 from 1024 on; else those of the parts and of recipe/stylegan2. With
    labels: `conditioner=stylegan2-labels`, `conditioner.layers=2`, `discriminator=stylegan2-labels`, both
    `channels_base` 16384.
    """,
    options={
        "generator": {"channels_base": 16384},
        "discriminator": {"channels_base": 16384},
        "conditioner": {"layers": 2},
        "regularizers": lazy_r1(),
        "augment": AUGMENT,
        "generator_optimizer": {"lr": 0.0025},
        "discriminator_optimizer": {"lr": 0.0025},
    },
    derived={
        "batch": batch_for,
        "regularizers.0.gamma": lambda image, batch: 0.0002 * (image[1] * image[2]) / batch,
        "average.half_life": lambda batch: 10_000.0 * batch / 32,
    },
    upgraded=without_batch_zero,
)

ADA_PRESETS = (AUTO, PAPER256, PAPER512, PAPER1024, CIFAR)
