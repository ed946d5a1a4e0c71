"""The named batches that the two-player GAN passes to its terms."""

from typing import NamedTuple

from torch import Tensor


class RealBatch(NamedTuple):
    """Real images `(N, C, H, W)` in [-1, 1], their labels if any part reads labels, and what they are to be
    translated from in a recipe of pairs.
    """

    image: Tensor
    label: Tensor | None = None
    source: Tensor | None = None

    def first(self, n: int) -> "RealBatch":
        """The first `n` images."""
        return RealBatch(*(None if rows is None else rows[:n] for rows in self))  # type: ignore[arg-type]


class LatentBatch(NamedTuple):
    """Latents `(N, *latent)`, the labels to render them with if any part reads labels, and the images that
    were made of them already, if any `(N, C, H, W)`.
    """

    latent: Tensor
    label: Tensor | None = None
    image: Tensor | None = None
