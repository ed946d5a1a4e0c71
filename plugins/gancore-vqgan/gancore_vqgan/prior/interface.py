"""What samplers of indices have in common: an objective of their own, and what they were trained over."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Shape, Terms
from gancore.component.network_sampler import NetworkSampler
from gancore.component.part import fact, field, interface
from gancore.component.validators import above, whole, within
from gancore.errors import FitError, UserError
from gancore_vqgan.prior.drawing import drawn, filtered

__all__ = ["AutoregressiveSampler", "CodeSampler"]


@interface("sampler")
class CodeSampler(NetworkSampler):
    """A network that draws the indices `(n, *latent)` of a codebook, and says what it is trained by.

    `first_stage` is the hash of the first stage whose indices it learned, 32 bytes; zeros before it has
    learned any. A subclass that overrides `build` calls this one first.
    """

    integer = True
    codebook_size: int = fact(help="number K of indices, given by the conditioner")

    def build(self) -> None:
        """Makes room for the hash of the first stage."""
        self.first_stage = nn.Buffer(torch.zeros(32, dtype=torch.uint8))

    def check_over(self, first_stage: bytes) -> None:
        """Raises FitError if it was trained over a first stage with another hash."""
        known = bytes(self.first_stage.tolist())
        if any(known) and known != first_stage:
            raise FitError(
                f"{self.qualified_name} was trained over the first stage {known.hex()[:12]}, but the encoder "
                f"here is {first_stage.hex()[:12]} (hashes of its weights); give it the first stage of that "
                "time, or train a new sampler"
            )

    def learns_over(self, first_stage: bytes) -> None:
        """Notes the hash of the first stage that it is trained over."""
        self.first_stage.copy_(torch.frombuffer(bytearray(first_stage), dtype=torch.uint8))

    @abstractmethod
    def terms(self, indices: Tensor, label: Tensor | None = None) -> Terms:
        """The objective of indices `(N, *latent)` int64, as scalars that are means over the rows. Raises as
        `sequences`.
        """

    def sequences(self, indices: Tensor) -> Tensor:
        """Indices `(N, *latent)` → `(N, L)` in raster order.

        Raises:
            FitError: the map has another shape than the latents.
            UserError: an index is not from 0 to K - 1.
        """
        if tuple(indices.shape[1:]) != tuple(self.latent):
            raise FitError(
                f"{self.qualified_name} reads maps of indices {tuple(self.latent)}, but got "
                f"{tuple(indices.shape[1:])}; give indices of the first stage that it was built for"
            )
        low, high = (int(value) for value in indices.aminmax())
        if low < 0 or high >= self.codebook_size:
            raise UserError(
                f"{self.qualified_name} reads indices from 0 to {self.codebook_size - 1}, but got {low} to "
                f"{high}; give indices of the codebook that it was built for"
            )
        return indices.flatten(1)


@interface("sampler")
class AutoregressiveSampler(CodeSampler):
    """A sampler that draws one index after the other, each from a distribution given those before it.

    The three options decide what is drawn, not what is learned, and can be set when sampling. One uniform
    number is used for each index.
    """

    temperature: float = field(
        default=1.0, validator=above(0), help="what logits are divided by when an index is drawn"
    )
    top_k: int = field(
        default=0, validator=whole(0), help="draw among the k most probable indices; 0: among all"
    )
    top_p: float = field(
        default=1.0,
        validator=[above(0), within(0, 1)],
        help="draw among the fewest indices that together have this probability; 1: among all",
    )

    @property
    def noise_shape(self) -> Shape:
        """One number for each index."""
        return tuple(self.latent)

    def pick(self, logits: Tensor, noise: Tensor) -> Tensor:
        """Logits `(N, K)` and uniform noise `(N,)` → indices `(N,)`."""
        return drawn(filtered(logits, self.temperature, self.top_k, self.top_p), noise)
