"""Transforms of images before the discriminator sees them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from gancore.component.interfaces import Augment
from gancore.component.part import Seats, field, part, seat
from gancore.component.randomness import normal, uniform
from gancore.component.validators import at_least

__all__ = ["Chain", "DiffAugment", "InstanceNoise", "NoAugment"]

Change = Literal["color", "translation", "cutout"]
_CHANGES = ("color", "translation", "cutout")


def _known(_: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, tuple) or not set(value) <= set(_CHANGES) or len(set(value)) < len(value):
        raise ValueError(
            f"{attribute.name} must be a tuple of {', '.join(_CHANGES)}, each at most once; got {value!r}"
        )


def _listed(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given


@part("no-augment")
class NoAugment(Augment):
    """Leaves images unchanged."""

    former_names: ClassVar[Sequence[str]] = ("identity",)

    def forward(self, image: Tensor) -> Tensor:
        """The image."""
        return image


@part("instance-noise")
class InstanceNoise(Augment):
    """Normal noise on every image that the discriminator sees, real or generated, so that the two
    distributions overlap.

    Paper: Sønderby et al. 2017, arXiv:1610.04490, instance noise, and Arjovsky & Bottou 2017,
    arXiv:1701.04862, section 3; both let the noise fade while training. `(N, C, H, W)` → the same.
    """

    deviation: float = field(
        default=0.1, validator=at_least(0), help="standard deviation of the noise, images being in [-1, 1]"
    )

    def forward(self, image: Tensor) -> Tensor:
        """x + ε with ε ~ N(0, σ² I)."""
        return image + self.deviation * normal(*image.shape, like=image).to(image.dtype)


@part("chain")
class Chain(Augment):
    """Several augmentations, one after the other."""

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"augments": ["instance-noise", "diffaugment"]},)

    augments: Seats[Augment] = seat(default=(), help="the augmentations, in order")

    def forward(self, image: Tensor) -> Tensor:
        """What the last one makes."""
        for augment in self.augments:
            image = augment(image)
        return image

    @property
    def replaces(self) -> bool:  # type: ignore[override]
        """Whether any of them replaces images."""
        return any(augment.replaces for augment in self.augments)

    def replaced(self, image: Tensor) -> Tensor:
        """What any of them replaces."""
        return torch.stack([augment.replaced(image) for augment in self.augments]).any(0)

    def observe(self, scores: Tensor) -> None:
        """Every one observes the scores."""
        for augment in self.augments:
            augment.observe(scores)

    def observe_again(self, scores: Tensor) -> None:
        """Every one observes the scores."""
        for augment in self.augments:
            augment.observe_again(scores)

    def scalars(self) -> dict[str, Tensor]:
        """The values of all."""
        several = (augment.scalars() for augment in self.augments)
        return {name: value for values in several for name, value in values.items()}


@part("diffaugment")
class DiffAugment(Augment):
    """Differentiable augmentation of real and fake images alike: color, then translation, then cutout.

    Paper: Zhao et al. 2020, arXiv:2006.10738, section 3.2: color is brightness within [-0.5, 0.5], saturation
    within [0, 2] and contrast within [0.5, 1.5], in this order; translation within 1/8 of the image's size,
    padded with zeros; cutout masks a square of half the image's size with zeros, its center anywhere in the
    image. Every channel is treated as a color; saturation leaves single-channel images unchanged. Each sample
    is transformed independently. `(N, C, H, W)` → the same, twice differentiable, of the image's dtype.
    """

    policy: tuple[Change, ...] = field(
        default=_CHANGES, converter=_listed, validator=_known, help="the transforms to apply"
    )

    @classmethod
    def upgraded(cls, table: Mapping[str, Any]) -> dict[str, Any]:
        """Reads older specs, which spell a transform differently."""
        table = super().upgraded(table)
        policy = table.get("policy")
        if isinstance(policy, list):
            table["policy"] = ["color" if change == "colour" else change for change in policy]
        return table

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        if "color" in self.policy:
            image = _contrast(_saturation(_brightness(image)))
        if "translation" in self.policy:
            image = _translation(image)
        return _cutout(image) if "cutout" in self.policy else image


def _brightness(image: Tensor) -> Tensor:
    return image + (_draw(image) - 0.5)


def _saturation(image: Tensor) -> Tensor:
    gray = image.mean(1, keepdim=True)
    return gray + 2 * _draw(image) * (image - gray)


def _contrast(image: Tensor) -> Tensor:
    mean = image.mean((1, 2, 3), keepdim=True)
    return mean + (0.5 + _draw(image)) * (image - mean)


def _translation(image: Tensor) -> Tensor:
    n, c, h, w = image.shape
    row, row_inside = _shifted(image, h)
    column, column_inside = _shifted(image, w)
    place = (row.view(n, h, 1) * w + column.view(n, 1, w)).view(n, 1, h * w)
    moved = image.flatten(2).gather(2, place.expand(n, c, h * w)).view(n, c, h, w)
    return moved * (row_inside.view(n, 1, h, 1) & column_inside.view(n, 1, 1, w)).to(image.dtype)


def _shifted(image: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The source position of each pixel of the shifted image, `(N, size)`, and whether it lies inside the
    image.
    """
    most = int(size / 8 + 0.5)
    shift = (uniform(len(image), 1, like=image) * (2 * most + 1)).long() - most
    place = torch.arange(size, device=image.device) - shift
    return place.clamp(0, size - 1), (place >= 0) & (place < size)


def _cutout(image: Tensor) -> Tensor:
    n, _, h, w = image.shape
    hidden = _covered(image, h).view(n, 1, h, 1) & _covered(image, w).view(n, 1, 1, w)
    return image * (~hidden).to(image.dtype)


def _covered(image: Tensor, size: int) -> Tensor:
    """The positions covered by a window of half the size, `(N, size)`; its center is anywhere in the
    image.
    """
    window = int(size / 2 + 0.5)
    start = (uniform(len(image), 1, like=image) * (size + 1 - window % 2)).long() - window // 2
    place = torch.arange(size, device=image.device)
    return (place >= start) & (place < start + window)


def _draw(image: Tensor) -> Tensor:
    return uniform(len(image), 1, 1, 1, like=image).to(image.dtype)
