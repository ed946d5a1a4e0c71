"""Spectral normalization: layers whose weight is divided by its largest singular value.

Paper: Miyato et al. 2018, arXiv:1802.05957, section 2.1 and algorithm 1: W̄ = W / σ(W), σ estimated by a
power iteration that goes on from step to step, once in each update. A training moves the layers of a player
once after each of its updates; a part that holds them needs to do nothing.

Difference: the released code iterates in each forward pass. Here a forward pass changes nothing, so
micro-batches, passes of other players, a second differentiation and several processes all see the same
function of W; after each update the stored vector v follows the new weight, as it would in the next forward
pass. σ = ‖Wv‖, which with u = Wv / ‖Wv‖ is the paper's uᵀWv, and so is its gradient u vᵀ.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.precision import at_least_float32
from gancore.nn.convolution import Conv2d
from gancore.nn.labels import embedded

__all__ = [
    "Spectral",
    "SpectralConv2d",
    "SpectralConvTranspose2d",
    "SpectralEmbedding",
    "SpectralLinear",
]

STARTING = 15
"""Number of iterations for a newly initialized weight."""


class Spectral(nn.Module):
    """The base of the layers here: the vector v, stored with the weight in the shape of one of its rows.

    `iterations` is the number of power iterations per update, `eps` the minimum σ to divide by; all other
    arguments are those of torch's layer. After setting the weight manually, call `update_buffers(STARTING)`,
    as the functions of `gancore.nn.initializers` do.

    Raises:
        ValueError: `iterations` is not at least 1.
    """

    weight: Tensor
    v: Tensor

    def __init__(self, *args: Any, iterations: int = 1, eps: float = 1e-12, **options: Any) -> None:
        super().__init__(*args, **options)
        if iterations < 1:
            raise ValueError(f"iterations must be at least 1; got {iterations}")
        self.iterations, self.eps = iterations, eps
        start = torch.randn_like(self.row())
        # v and -v are equivalent; with a single input this leaves only one
        self.register_buffer("v", start * start.flatten()[0].sign() / torch.linalg.vector_norm(start))
        self.update_buffers(STARTING)

    def row(self) -> Tensor:
        """The weight's first row, the inputs of one output."""
        return self.weight[:1]

    def ordered(self, rows: Tensor) -> Tensor:
        """The weight, or v, with its columns in memory order; σ does not depend on their order."""
        return rows if self.weight.is_contiguous() else rows.movedim(1, -1)

    def matrix(self) -> tuple[Tensor, Tensor]:
        """The weight as a matrix (outputs, all else) and v as a vector, in float32 or better."""
        matrix, v = self.ordered(self.weight).flatten(1), self.ordered(self.v).flatten()
        return at_least_float32(matrix), at_least_float32(v)

    def sigma(self) -> Tensor:
        """The estimate of σ(W) by v, never above the true one; a scalar, differentiable in the weight."""
        with torch.autocast(self.weight.device.type, enabled=False):
            matrix, v = self.matrix()
            length: Tensor = torch.linalg.vector_norm(matrix @ v)
        return length.clamp_min(self.eps)

    def effective_weight(self) -> Tensor:
        """W̄, the normalized weight."""
        return self.weight / self.sigma()

    @torch.no_grad()
    def update_buffers(self, iterations: int | None = None) -> None:
        """Moves v toward the first right singular vector of the weight, by `iterations` power iterations or
        its own number.

        A frozen layer, which has nothing to follow, stays as it is unless it is told how many.
        """
        if iterations is None and not self.weight.requires_grad:
            return
        matrix, start = self.matrix()
        across, v, length = matrix.t(), start, start.new_zeros(())
        for _ in range(iterations or self.iterations):
            u = torch.mv(matrix, v)
            u = u / torch.linalg.vector_norm(u)
            following = torch.mv(across, u)  # Wᵀu
            length = torch.linalg.vector_norm(following)
            v = following / length
        v = torch.where(length > self.eps, v, start)  # a weight of zeros has no such vector
        place = self.ordered(self.v)
        place.copy_(v.reshape(place.shape))


class SpectralConv2d(Spectral, Conv2d):
    """A convolution whose weight is normalized as a matrix (outputs, inputs · kernel); see `nn.Conv2d`."""


class SpectralConvTranspose2d(Spectral, nn.ConvTranspose2d):
    """A transposed convolution whose weight is normalized as a matrix (outputs, inputs · kernel), like that
    of a convolution; see `nn.ConvTranspose2d`.
    """

    def row(self) -> Tensor:
        """`(inputs, 1, h, w)`: the weight's first dimension is that of its inputs."""
        return self.weight[:, :1]

    def ordered(self, rows: Tensor) -> Tensor:
        """The weight, or v, with the outputs first."""
        return rows.transpose(0, 1)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H', W')`; the size of the output follows from the options."""
        return functional.conv_transpose2d(
            x,
            self.effective_weight(),
            self.bias,
            self.stride,
            [int(p) for p in self.padding],
            self.output_padding,
            self.groups,
            self.dilation,
        )


class SpectralLinear(Spectral, nn.Linear):
    """A linear layer whose weight is normalized; see `nn.Linear`."""

    def forward(self, x: Tensor) -> Tensor:
        """`(…, inputs)` → `(…, outputs)`."""
        return functional.linear(x, self.effective_weight(), self.bias)


class SpectralEmbedding(Spectral, nn.Embedding):
    """An embedding of labels whose table `(K, D)` is normalized; see `nn.Embedding`."""

    def forward(self, label: Tensor) -> Tensor:
        """`(N,)` int64, or `(N, K)` float for mixtures → `(N, D)`."""
        return embedded(label, self.effective_weight())
