"""Blocks of BigGAN-deep, and stages of blocks with self-attention."""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.nn.attention import SelfAttention

__all__ = ["DeepDown", "DeepUp", "Stages"]

Make = Callable[..., nn.Module]
RATIO = 4
"""A bottleneck has so many times fewer channels."""


class DeepUp(nn.Module):
    """A bottleneck of BigGAN-deep's generator: 1×1, 3×3, 3×3 and 1×1 convolutions, each after conditional
    normalization and ReLU; the shortcut keeps the first channels.

    Paper: Brock et al. 2018, arXiv:1809.11096, appendix B, fig. 16b.

    `(N, inputs, H, W)` and a condition → `(N, outputs, H', W')`; twice as large with `up`.
    """

    def __init__(self, inputs: int, outputs: int, *, norm: Make, conv: Make, up: bool) -> None:
        super().__init__()
        hidden = max(1, inputs // RATIO)
        self.norm1, self.conv1 = norm(inputs), conv(inputs, hidden, 1)
        self.norm2, self.conv2 = norm(hidden), conv(hidden, hidden, 3, padding=1)
        self.norm3, self.conv3 = norm(hidden), conv(hidden, hidden, 3, padding=1)
        self.norm4, self.conv4 = norm(hidden), conv(hidden, outputs, 1)
        self.outputs, self.up = outputs, up

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """`(N, inputs, H, W)` and `(N, D)` → `(N, outputs, H', W')`."""
        h = self.conv1(torch.relu(self.norm1(x, condition)))  # (N, hidden, H, W)
        h = torch.relu(self.norm2(h, condition))
        x = x[:, : self.outputs]
        if self.up:
            h, x = functional.interpolate(h, scale_factor=2), functional.interpolate(x, scale_factor=2)
        h = self.conv2(h)  # (N, hidden, H', W')
        h = self.conv3(torch.relu(self.norm3(h, condition)))
        y: Tensor = self.conv4(torch.relu(self.norm4(h, condition))) + x
        return y


class DeepDown(nn.Module):
    """A bottleneck of BigGAN-deep's discriminator: 1×1, 3×3, 3×3 and 1×1 convolutions, each after ReLU; the
    shortcut gets channels from a 1×1 convolution where there are more of them.

    Paper: Brock et al. 2018, arXiv:1809.11096, appendix B, fig. 16c.

    `(N, inputs, H, W)` → `(N, outputs, H', W')`; half as large with `down`.

    Raises:
        ValueError: there are fewer outputs than inputs.
    """

    def __init__(self, inputs: int, outputs: int, *, conv: Make, down: bool) -> None:
        super().__init__()
        if outputs < inputs:
            raise ValueError(f"a block keeps its {inputs} channels or adds to them; got {outputs} outputs")
        hidden = max(1, outputs // RATIO)
        self.conv1 = conv(inputs, hidden, 1)
        self.conv2 = conv(hidden, hidden, 3, padding=1)
        self.conv3 = conv(hidden, hidden, 3, padding=1)
        self.conv4 = conv(hidden, outputs, 1)
        self.shortcut = conv(inputs, outputs - inputs, 1) if outputs > inputs else None
        self.down = nn.AvgPool2d(2) if down else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H', W')`."""
        h = self.conv1(torch.relu(x))  # (N, hidden, H, W)
        h = self.conv2(torch.relu(h))
        h = self.conv3(torch.relu(h))
        h = self.conv4(self.down(torch.relu(h)))  # (N, outputs, H', W')
        x = self.down(x)
        if self.shortcut is not None:
            x = torch.cat([x, self.shortcut(x)], dim=1)
        y: Tensor = h + x
        return y


class Stages(nn.ModuleList):
    """Stages of blocks; in a stage that attends, self-attention comes after its blocks.

    `blocks` are those of each stage, `attends` says which stages attend, `channels` the channels after each
    stage, `conv` makes the attention's convolutions.
    """

    def __init__(
        self,
        blocks: Iterable[Sequence[nn.Module]],
        attends: Sequence[bool],
        channels: Sequence[int],
        conv: Make,
    ) -> None:
        super().__init__(
            nn.ModuleList([*several, SelfAttention(width, conv=conv)] if attend else several)
            for several, attend, width in zip(blocks, attends, channels, strict=True)
        )

    def run(self, x: Tensor, conditions: Sequence[Tensor] = ()) -> Tensor:
        """`(N, C, H, W)`, and one condition for each stage, or none → the last map."""
        for i, stage in enumerate(self):
            given = conditions[i : i + 1]
            for layer in stage.children():
                x = layer(x) if isinstance(layer, SelfAttention) else layer(x, *given)
        return x
