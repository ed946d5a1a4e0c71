"""The named batches that the two-player GAN passes to its terms."""

from typing import NamedTuple

from torch import Tensor


class RealBatch(NamedTuple):
    """Real images `(N, C, H, W)` in [-1, 1], their labels if any part reads labels, and in a recipe of pairs
    what they are to be translated from, and what translations are to be near to where it is another image.
    """

    image: Tensor
    label: Tensor | None = None
    source: Tensor | None = None
    target: Tensor | None = None

    @property
    def wanted(self) -> Tensor:
        """What translations are to be near to, `(N, C, H, W)`."""
        return self.image if self.target is None else self.target

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
