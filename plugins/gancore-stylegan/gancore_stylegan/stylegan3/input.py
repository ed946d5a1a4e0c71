"""The Fourier features at the start of the alias-free synthesis network."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gancore.component.precision import at_least_float32
from gancore.nn.equalized import EqualizedLinear

__all__ = ["FourierInput"]


class FourierInput(nn.Module):
    """An infinite map of Fourier features, rotated and translated by a learned function of w, then mixed.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2 (Fourier features with frequencies
    uniform in the disc |f| ≤ f_c and random phases, both fixed) and appendix F, config H (the affine layer
    gives (r_c, r_s, t_x, t_y), all divided by the norm of the first two, and starts at no rotation and no
    translation; frequencies that a further transform moves out of the band fade). 1×1 weights mix the
    features. The image's shorter side has length 1. The user's transform of the map is the buffer `transform`
    `(3, 3)`.

    w `(N, W)` → `(N, channels, *size)` float32, even under autocast, since bf16 would shift the map.
    """

    def __init__(
        self, code_width: int, channels: int, size: tuple[int, int], rate: int, bandwidth: float
    ) -> None:
        super().__init__()
        angle, radius = torch.rand(channels) * 2 * math.pi, torch.rand(channels).sqrt() * bandwidth
        self.affine = EqualizedLinear(code_width, 4, gain=1)
        nn.init.zeros_(self.affine.weight)
        with torch.no_grad():
            self.affine.bias.copy_(torch.tensor([1.0, 0, 0, 0]))
        self.weight = nn.Parameter(torch.randn(channels, channels))
        self.register_buffer("frequencies", torch.stack([angle.cos(), angle.sin()], 1) * radius[:, None])
        self.register_buffer("phases", torch.rand(channels) - 0.5)
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("positions", pixel_centers(size, rate), persistent=False)
        self.size, self.rate, self.bandwidth = size, rate, bandwidth

    def forward(self, w: Tensor) -> Tensor:
        """`(N, W)` → `(N, channels, *size)`."""
        with torch.autocast(w.device.type, enabled=False):
            frequencies, phases = self.moved(self.affine(at_least_float32(w)))  # (N, C, 2), (N, C)
            positions = self.get_buffer("positions").t()  # (H·W, 2)
            waves = torch.sin(2 * math.pi * (positions @ frequencies.mT + phases[:, None]))  # (N, H·W, C)
            mixed = (waves * self.strength(frequencies)[:, None]) @ (
                self.weight / math.sqrt(len(self.weight))
            ).t()  # (N, H·W, C)
            return mixed.reshape(len(w), *self.size, -1).permute(0, 3, 1, 2)  # (N, C, H, W), channels_last

    def moved(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Frequencies `(N, C, 2)` and phases `(N, C)` after the motion `(N, 4)` and the user's transform."""
        motion = motion / motion[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, shift = motion[:, 0], motion[:, 1], motion[:, 2:]  # (N,), (N,), (N, 2)
        rotation = torch.stack([cosine, -sine, sine, cosine], 1).reshape(-1, 2, 2)  # (N, 2, 2)
        transform = self.get_buffer("transform")
        rotated = self.get_buffer("frequencies") @ rotation  # (N, C, 2)
        phases = self.get_buffer("phases") + (rotated @ (transform[:2, 2] - shift)[..., None])[..., 0]
        return rotated @ transform[:2, :2], phases

    @contextmanager
    def transformed(self, right: float, down: float, turn: float) -> Iterator[None]:
        """Within this context, rotates the map counterclockwise about its center, then translates it.

        `turn` is in radians; `right` and `down` are in units of the shorter side.
        """
        transform = self.get_buffer("transform")
        before, cosine, sine = transform.clone(), math.cos(turn), math.sin(turn)
        # the inverse motion: from a position in the moved map to the one at rest
        inverse = [
            [cosine, -sine, sine * down - cosine * right],
            [sine, cosine, -sine * right - cosine * down],
            [0, 0, 1],
        ]
        transform.copy_(before @ torch.tensor(inverse).to(before))
        try:
            yield
        finally:
            transform.copy_(before)

    def strength(self, frequencies: Tensor) -> Tensor:
        """The amplitude `(N, C)` of each frequency: 1 within the band, 0 from half the sampling rate on."""
        slope = max(self.rate / 2 - self.bandwidth, 1e-6)
        fading: Tensor = 1 - (frequencies.norm(dim=2) - self.bandwidth) / slope
        return fading.clamp(0, 1)


def pixel_centers(size: tuple[int, int], rate: int) -> Tensor:
    """x and y of all pixel centers, `(2, H·W)`, with the center of the map at 0."""
    tall, wide = ((torch.arange(n) + 0.5 - n / 2) / rate for n in size)
    y, x = torch.meshgrid(tall, wide, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()])
