"""The named batches that the two-player GAN passes to its terms."""

from typing import NamedTuple

from torch import Tensor


class RealBatch(NamedTuple):
    """Real images `(N, C, H, W)` in [-1, 1], and their labels if any part reads labels."""

    image: Tensor
    label: Tensor | None = None


class LatentBatch(NamedTuple):
    """Latents `(N, *latent)`, and the labels to render them with if any part reads labels."""

    latent: Tensor
    label: Tensor | None = None
