"""The pipeline of 18 transforms as a part, with a fixed or an adaptive probability."""

from typing import Any, Literal

import torch
from torch import Tensor

from gancore.component.interfaces import Augment
from gancore.component.part import field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import is_number, within
from gancore.standard.ada.color import colored
from gancore.standard.ada.controller import Adaptive
from gancore.standard.ada.corruption import corrupted
from gancore.standard.ada.draws import GROUPS, TRANSFORMS, Draws
from gancore.standard.ada.filtering import filtered
from gancore.standard.ada.geometry import moved

Categories = Literal["none", "b", "bg", "bgc", "bgcf", "bgcfn", "bgcfnc"]


def _known(_: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{attribute.name} must be a table such as {{hue = 0}}; got {value!r}")
    for name, multiplier in value.items():
        if name not in TRANSFORMS:
            raise ValueError(f"{attribute.name} are for the transforms {', '.join(TRANSFORMS)}; got {name!r}")
        if not (is_number(multiplier) and 0 <= multiplier <= 1):
            raise ValueError(f"{attribute.name}.{name} must be a number from 0 to 1; got {multiplier!r}")


@interface("augment")
class Transforms(Augment):
    """The base of the parts in this file; see `ADAFixed`."""

    categories: Categories = field(
        default="bgc",
        help="which transforms: b blitting, g geometry, c color, f filtering, n noise, c cutout",
    )
    multipliers: dict[str, float] = field(
        factory=dict, validator=_known, help="factor on p for single transforms: {hue = 0, cutout = 0.5}"
    )

    @property
    def shares(self) -> dict[str, float]:
        """The multiplier of every transform."""
        chosen = 0 if self.categories == "none" else len(self.categories)
        return {
            name: float(i < chosen) for i, group in enumerate(GROUPS) for name in group
        } | self.multipliers

    def augmented(self, image: Tensor, p: Tensor | float) -> Tensor:
        """Applies each transform with probability `p` times its multiplier; images in half precision are
        computed in float32.
        """
        wide = at_least_float32(image)
        with torch.autocast(image.device.type, enabled=False):
            draws = Draws(wide, p, self.shares)
            return corrupted(filtered(colored(moved(wide, draws), draws), draws), draws).to(image.dtype)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Returned unchanged: which images change is not known in advance."""


@part("ada-fixed")
class ADAFixed(Transforms):
    """The augmentation pipeline of 18 transforms, each applied to each image with probability p times its
    multiplier.

    Paper: Karras et al. 2020, arXiv:2006.06676, section 2 and appendix B, with the ranges of its pseudocode
    figure, in this order: pixel blitting (x-flip, rotation by 90°, integer translation), general geometric
    transforms (isotropic scale, rotation before and after anisotropic scale, fractional translation), color
    (brightness, contrast, luma flip, hue, saturation), image-space filtering (gains of four wavelet bands),
    corruptions (noise, cutout). Differences: pixels that are only blitted are copied, while the released code
    passes each image through the filters of the geometric transforms; beyond its border an image is mirrored
    periodically, while the released code mirrors it once, by a margin that depends on the other images, with
    zeros beyond. If height and width differ by an odd number, a rotation by 90° is off by half a pixel.

    Colors are the first three of at least three channels, and the first of one or two, which has no hue or
    saturation; other channels (alpha, depth) skip the color transforms.

    `(N, C, H, W)` → the same, differentiable any number of times, in the image's dtype.
    """

    examples = ({"p": 0.8, "categories": "bgcfnc"}, {"p": 0.5})
    p: float = field(default=0.2, validator=within(0, 1), help="probability of a transform")

    def forward(self, image: Tensor) -> Tensor:
        """Images, augmented."""
        return self.augmented(image, self.p)


@part("ada")
class ADA(Transforms, Adaptive):
    """The pipeline of 18 transforms (augment/ada-fixed), with a probability p that follows how much the
    discriminator overfits.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676, section 3: the heuristic r_t = E sign(D(real)) is
    evaluated every four updates of the discriminator. If it is above the target p rises, if below p falls, at
    a speed that takes p from 0 to 1 in 500,000 images; p is never below 0 and starts there. As in the
    released code, r_t also averages over the passes of lazy R1, which sees the images of an update again
    (section 3 has only those of the updates); p moves by the images of the updates. A short training needs a
    smaller `speed`, such as a tenth of its images. The patches of a score map, which the paper does not
    cover, count as fractions of their image. The only differences are those of augment/ada-fixed.

    `(N, C, H, W)` → the same, differentiable any number of times, in the image's dtype.
    """

    def forward(self, image: Tensor) -> Tensor:
        """Images, augmented."""
        return self.augmented(image, self.get_buffer("p"))
