"""The rows that a two-player game hands to its terms, by name."""

from typing import NamedTuple

from torch import Tensor


class RealBatch(NamedTuple):
    """Real images `(N, C, H, W)` in [-1, 1], and their labels where a part reads labels."""

    image: Tensor
    label: Tensor | None = None


class LatentBatch(NamedTuple):
    """Latents `(N, *latent)`, and the labels to render them with where a part reads labels."""

    latent: Tensor
    label: Tensor | None = None
