"""The named batches that the two-player GAN passes to its terms."""

from typing import NamedTuple

from torch import Tensor


class RealBatch(NamedTuple):
    """Real images `(N, C, H, W)` in [-1, 1], and their labels if any part reads labels."""

    image: Tensor
    label: Tensor | None = None

    def first(self, n: int) -> "RealBatch":
        """The first `n` images."""
        return RealBatch(self.image[:n], None if self.label is None else self.label[:n])


class LatentBatch(NamedTuple):
    """Latents `(N, *latent)`, and the labels to render them with if any part reads labels."""

    latent: Tensor
    label: Tensor | None = None
