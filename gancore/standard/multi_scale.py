"""The same discriminator for an image at several sizes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Discriminator
from gancore.component.part import Seat, fact, field, part, seat
from gancore.component.specs import build, spec
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.standard.feature_vectors import blank_features
from gancore.standard.patchgan import PatchGAN

__all__ = ["MultiScaleDiscriminator"]


@part("multi-scale")
class MultiScaleDiscriminator(Discriminator):
    """Discriminators of one architecture and weights of their own, each for the image at half the size of the
    one before, so that the last sees most of it at once.

    Paper: Wang et al. 2017 (pix2pixHD), arXiv:1711.11585, section 3.2: three discriminators, of which the
    default `network`, 70×70 patches with instance normalization, is the released one. Images are halved by
    means of 3×3 pixels at every second one, as in the released code. The paper adds the losses of the scales
    up; here all scores go into one loss. Each scale's are repeated to the size of the first's, so that they
    weigh the same, up to rounding where the sizes are no multiples; the loss is thus a mean over scales,
    which an adversarial weight of `scales` turns into the paper's sum.

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, scales × h, w)` float32, one scale below the other; of a
    `network` that gives `(N,)`, `(N, 1, scales, 1)`. Features are those of all scales, flattened, `(N, F)`;
    maps are those of the first scale, then of the next. Labels are passed on.

    Raises:
        FitError: the image at its smallest is too small for the network.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"network": {"part": "patchgan", "width": 2, "layers": 1}, "scales": 2},
        {"network": {"part": "pixelgan", "width": 2}, "scales": 2},
    )
    classes: int = fact(default=0, help="number of classes, given by the data")
    network: Seat[Discriminator] = seat(default=PatchGAN, help="the discriminator of the image in full size")
    scales: int = field(default=3, validator=whole(1), help="sizes of the image, each half of the one before")

    @property
    def conditional(self) -> bool:  # type: ignore[override]
        """As the network."""
        return self.network.conditional

    def facts(self, seat: str) -> dict[str, Any]:
        """The network reads the same images and labels."""
        return {"image": self.image, "classes": self.classes}

    def build(self) -> None:
        """Makes the discriminators of the smaller images, and finds the shapes of all features."""
        self.smaller = nn.ModuleList(self._made(scale) for scale in range(1, self.scales))
        self.shapes = [tuple(blank_features(network).shape[1:]) for network in self._networks()]

    def _made(self, scale: int) -> Discriminator:
        made = build(_of_any_image(spec(self.network)), "discriminator")
        channels, *sides = self.image
        size = (channels, *(-(-side // 2**scale) for side in sides))
        try:
            made.bind(facts={"image": size, "classes": self.classes}, by=self.qualified_name)
        except FitError as error:
            raise FitError(
                f"{self.qualified_name} halves images of {sides[0]}×{sides[1]} {scale} times, for which "
                f"{error}; or give fewer scales"
            ) from None
        return cast(Discriminator, made)

    def _networks(self) -> Iterator[Discriminator]:
        yield self.network
        yield from cast(Sequence[Discriminator], self.smaller)

    def _scaled(self, image: Tensor) -> Iterator[tuple[Discriminator, Tensor]]:
        """Each network with its image."""
        for network in self._networks():
            yield network, image
            # (N, C, H, W) → (N, C, ⌈H/2⌉, ⌈W/2⌉); the last is not used
            image = functional.avg_pool2d(image, 3, stride=2, padding=1, count_include_pad=False)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, F)`."""
        return torch.cat([net.forward_features(x).flatten(1) for net, x in self._scaled(image)], 1)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, F)` → scores `(N, 1, scales × h, w)`."""
        parts = torch.split(features, [math.prod(shape) for shape in self.shapes], 1)
        scores = [
            _as_map(network.forward_head(flat.reshape(-1, *shape), label))
            for network, flat, shape in zip(self._networks(), parts, self.shapes, strict=True)
        ]
        size = scores[0].shape[2:]
        return torch.cat([functional.interpolate(each, size, mode="nearest-exact") for each in scores], 2)

    def maps(self, image: Tensor) -> list[Tensor]:
        """`(N, C, H, W)` → the maps of all scales, that of the full size first."""
        return [found for network, x in self._scaled(image) for found in network.maps(x)]


def _of_any_image(table: Mapping[str, Any]) -> dict[str, Any]:
    """A spec without the shape of the image, where it was given."""
    inner = {key: value for key, value in table.items() if key != "image"}
    return {
        key: _of_any_image(value) if isinstance(value, Mapping) else value for key, value in inner.items()
    }


def _as_map(scores: Tensor) -> Tensor:
    return scores if scores.dim() == 4 else scores.reshape(-1, 1, 1, 1)
