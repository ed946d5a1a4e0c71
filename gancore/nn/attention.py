"""Self-attention between the positions of a feature map."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["SelfAttention"]


class SelfAttention(nn.Module):
    """Adds to each position, through a gate, the values of all positions, weighted by how well its query
    matches their keys.

    Paper: Zhang et al. 2018 (SAGAN), arXiv:1805.08318, section 3, eq. 1 to 3; query, key and value are its f,
    g and h, and the gate γ starts at zero. As in its released code, and in BigGAN's (Brock et al. 2018,
    arXiv:1809.11096), keys and values are max-pooled over `pool`×`pool` positions, values have half the
    channels (the paper: an eighth, and no pooling), and the 1×1 convolutions have no bias.

    `(N, C, H, W)` → the same shape. `conv` makes the convolutions, as `nn.Conv2d` or `SpectralConv2d`.
    """

    def __init__(
        self,
        channels: int,
        *,
        keys: int | None = None,
        values: int | None = None,
        pool: int = 2,
        conv: Callable[..., nn.Module] = nn.Conv2d,
    ) -> None:
        super().__init__()
        keys, values, self.pool = keys or max(1, channels // 8), values or max(1, channels // 2), pool
        self.query = conv(channels, keys, 1, bias=False)
        self.key = conv(channels, keys, 1, bias=False)
        self.value = conv(channels, values, 1, bias=False)
        self.out = conv(values, channels, 1, bias=False)
        self.gate = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        n, _, h, w = x.shape
        query = places(self.query(x))  # (N, H·W, K)
        key = places(functional.max_pool2d(self.key(x), self.pool))  # (N, H·W/pool², K)
        value = places(functional.max_pool2d(self.value(x), self.pool))  # (N, H·W/pool², V)
        weights = torch.softmax(query @ key.transpose(1, 2), dim=2)  # (N, H·W, H·W/pool²), eq. 1
        gathered = (weights.to(value.dtype) @ value).reshape(n, h, w, -1).permute(0, 3, 1, 2)  # (N, V, H, W)
        y: Tensor = x + self.gate * self.out(gathered)  # eq. 2 and 3
        return y


def places(x: Tensor) -> Tensor:
    """`(N, C, H, W)` → `(N, H·W, C)`; no copy if the map is channels_last."""
    return x.permute(0, 2, 3, 1).flatten(1, 2)
