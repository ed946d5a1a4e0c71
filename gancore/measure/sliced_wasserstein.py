"""Sliced Wasserstein distance of small patches, at every level of a Laplacian pyramid."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import normalize, pad

from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.errors import MeasureError
from gancore.measure.filters import filtered
from gancore.measure.picking import need, some_images
from gancore.measure.score import Score, Value
from gancore.measure.study import Study

PATCH = 7
BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
COARSEST = 16
SLICES = 32
"""Projections sorted at a time."""


def levels(height: int, width: int) -> int:
    """The number of pyramid levels: images are halved while both sides are even and the result is at least 16
    pixels.
    """
    found = 1
    while height % 2 == 0 and width % 2 == 0 and min(height, width) >= 2 * COARSEST:
        height, width, found = height // 2, width // 2, found + 1
    return found


def laplacian_pyramid(images: Tensor, count: int) -> list[Tensor]:
    """The Laplacian pyramid of images `(N, C, H, W)`, finest level first; the last is the remaining low-pass
    image.

    Paper: Burt and Adelson 1983: smoothed by the 5×5 binomial filter, keeping every second pixel; mirrored at
    the edges.
    """
    found = []
    for _ in range(count - 1):
        coarse = _smoothed(images)[:, :, ::2, ::2]
        found.append(images - enlarged(coarse))
        images = coarse
    return [*found, images]


def _smoothed(images: Tensor) -> Tensor:
    return filtered(pad(images, (2, 2, 2, 2), mode="reflect"), BINOMIAL)


def enlarged(images: Tensor) -> Tensor:
    """`(N, C, H, W)` → `(N, C, 2H, 2W)`, smoothed by the pyramid's filter."""
    n, c, h, w = images.shape
    spread = images.new_zeros(n, c, 2 * h, 2 * w)
    spread[:, :, ::2, ::2] = images
    return 4 * _smoothed(spread)


def patches(images: Tensor, each: int, rng: torch.Generator) -> Tensor:
    """`each` random 7×7 patches of each image `(N, C, H, W)`: `(N * each, C * 49)`."""
    n, c, h, w = images.shape
    top = torch.randint(h - PATCH + 1, (n, each), generator=rng)
    left = torch.randint(w - PATCH + 1, (n, each), generator=rng)
    windows = images.unfold(2, PATCH, 1).unfold(3, PATCH, 1)
    found = windows[torch.arange(n)[:, None], :, top, left]
    return found.reshape(n * each, c * PATCH * PATCH)


def standardized(descriptors: Tensor, channels: int) -> Tensor:
    """Patches standardized in every channel to mean 0 and deviation 1; a constant channel becomes 0."""
    rows = descriptors.reshape(len(descriptors), channels, -1)
    mean = rows.mean((0, 2), keepdim=True, dtype=torch.float64).to(rows)
    rows = rows - mean
    deviation = rows.square().mean((0, 2), keepdim=True, dtype=torch.float64).sqrt().to(rows)
    return (rows / deviation.clamp(min=1e-12)).reshape(descriptors.shape)


def sliced_wasserstein(first: Tensor, second: Tensor, directions: Tensor) -> float:
    """The mean over unit directions `(D, S)` of the Wasserstein-1 distance between the projections of rows
    `(N, D)`.

    Paper: Rabin et al. 2011. In one dimension the distance is the mean absolute difference of the sorted
    values.
    """
    total = 0.0
    for some in torch.split(directions, SLICES, dim=1):
        gap = _sorted(first @ some) - _sorted(second @ some)
        total += float(np.abs(gap, out=gap).mean(dtype=np.float64)) * some.shape[1]
    return total / directions.shape[1]


def _sorted(projected: Tensor) -> npt.NDArray[np.float32]:
    # numpy sorts long float rows several times faster than torch
    return np.sort(projected.T.contiguous().numpy(), axis=1)


@part("sliced-wasserstein")
class SlicedWasserstein(Score):
    """The sliced Wasserstein distance between 7×7 patches at each level of a Laplacian pyramid, times 1,000.

    Paper: Karras et al. 2017 (ProGAN), arXiv:1710.10196, section 5: 128 patches per image, standardized per
    channel, 4 × 128 random directions; levels halve down to 16 pixels. Differences: the pyramid ends earlier
    if a side would become odd or below 16 (28×28 has one level); fewer images by default (16,384 in the
    paper): values fall with their number. It compares pixels, not features.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"patches": 8, "directions": 16},)
    images: int = field(
        default=1024, validator=whole(2), help="maximum number of images per side; 16,384 in the paper"
    )
    patches: int = field(default=128, validator=whole(1), help="patches of each image")
    directions: int = field(
        default=512, validator=whole(1), help="random directions; 4 times 128 in the paper"
    )

    def forward(self, study: Study) -> dict[str, Value]:
        """`SWD`, the mean over levels, and `SWD 32`, … by the height of each level; lower is better."""
        height, width = study.reference.image[1:]
        if min(height, width) < PATCH:
            raise MeasureError(
                f"SWD compares patches of {PATCH}×{PATCH} pixels; "
                f"the images are {height}×{width}: give larger ones"
            )
        found_on = {"reference": len(study.reference), "samples": len(study.samples)}
        need("SWD", 16, "patches of several images", **found_on)
        count = min(*found_on.values(), self.images)
        real, fake = (
            laplacian_pyramid(some_images(study, side, count), levels(height, width))
            for side in ("reference", "samples")
        )
        found = {
            f"SWD {one.shape[2]}": self._distance(study, one, other)
            for one, other in zip(real, fake, strict=True)
        }
        values = {name: Value(value, better="lower", perfect=0) for name, value in found.items()}
        return {"SWD": Value(sum(found.values()) / len(found), better="lower", perfect=0), **values}

    def _distance(self, study: Study, real: Tensor, fake: Tensor) -> float:
        rng = study.rng(f"sliced-wasserstein {real.shape[2]}")
        channels = real.shape[1]
        one, other = (standardized(patches(images, self.patches, rng), channels) for images in (real, fake))
        directions = normalize(torch.randn(one.shape[1], self.directions, generator=rng), dim=0)
        return 1000 * sliced_wasserstein(one, other, directions)
