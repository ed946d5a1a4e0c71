"""The blocks of the transformers over indices, with a cache of keys and values."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.precision import at_least_float32
from gancore.nn.dropout import Dropout

__all__ = ["Attention", "Block", "Past", "Stack"]


class Past:
    """The keys and values of one block for the tokens so far, with room for `length` tokens."""

    def __init__(self, length: int) -> None:
        self.length, self.count = length, 0
        self.key, self.value = torch.empty(0), torch.empty(0)

    def extended(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Appends those of the next tokens, `(N, H, T, D)`, and returns all so far."""
        if not self.count:
            n, heads, _, size = key.shape
            self.key, self.value = (key.new_empty(n, heads, self.length, size) for _ in range(2))
        start, self.count = self.count, self.count + key.shape[2]
        self.key[:, :, start : self.count], self.value[:, :, start : self.count] = key, value
        return self.key[:, :, : self.count], self.value[:, :, : self.count]


class Attention(nn.Module):
    """Multi-head attention: softmax(q kᵀ / √D) v, then a linear layer.

    Paper: Vaswani et al. 2017, arXiv:1706.03762, section 3.2. One layer makes queries, keys and values, in
    this order.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None, past: Past | None = None) -> Tensor:
        """`(N, T, W)` → the same shape. `mask` `(T, S)` says which of the S tokens, those of the past first,
        each of the T attends to; None: all.
        """
        n, t, width = x.shape
        parts = self.qkv(x).view(n, t, 3, self.heads, width // self.heads)  # (N, T, 3, H, D)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (N, H, T, D) each
        if past is not None:
            key, value = past.extended(key, value)  # (N, H, S, D)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)  # (N, H, T, D)
        y: Tensor = self.out(mixed.transpose(1, 2).reshape(n, t, width))
        return y


class Block(nn.Module):
    """Attention and a layer of 4 W hidden units, each on normalized tokens and added to them."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.drop = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None, past: Past | None = None) -> Tensor:
        """`(N, T, W)` → the same shape; see `Attention`."""
        x = x + self.drop(self.attention(self.norm1(x), mask, past))
        y: Tensor = x + self.drop(self.mlp(self.norm2(x)))
        return y


class Stack(nn.Module):
    """Learned positions, blocks, and a linear layer to logits: embedded tokens `(N, T, W)` → `(N, T, K)`.

    The network of minGPT, as in the released code of Esser et al. 2020 (VQGAN), arXiv:2012.09841.
    Positions begin with zeros.
    """

    def __init__(
        self,
        *,
        length: int,
        outputs: int,
        width: int,
        heads: int,
        layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(1, length, width))
        self.drop = Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs, bias=False)

    def past(self) -> list[Past]:
        """An empty cache for all blocks."""
        return [Past(self.positions.shape[1]) for _ in self.blocks]

    def forward(self, x: Tensor, masks: Tensor | None = None, past: list[Past] | None = None) -> Tensor:
        """Embedded tokens `(N, T, W)` → logits `(N, T, K)` float32.

        `masks` `(P, S, S)` say which tokens each attends to, block by block in turn; None: to all that are
        here. With a cache the tokens follow those that it holds.
        """
        return self.logits(self.hidden(x, masks, past))

    def hidden(self, x: Tensor, masks: Tensor | None = None, past: list[Past] | None = None) -> Tensor:
        """What the last block gives, `(N, T, W)`."""
        start = past[0].count if past else 0
        stop = start + x.shape[1]
        x = self.drop(x + self.positions[:, start:stop])  # (N, T, W)
        for number, block in enumerate(self.blocks):
            mask = None if masks is None else masks[number % len(masks), start:stop, :stop]  # (T, S)
            x = block(x, mask, past[number] if past else None)
        return x

    def logits(self, hidden: Tensor) -> Tensor:
        """`(N, T, W)` → `(N, T, K)` float32."""
        return at_least_float32(self.head(self.norm(hidden)))
