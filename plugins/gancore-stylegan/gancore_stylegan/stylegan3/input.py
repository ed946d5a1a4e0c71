"""What the alias-free synthesis network begins with."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gancore.component.precision import at_least_float32
from gancore.nn.equalized import EqualizedLinear

__all__ = ["FourierInput"]


class FourierInput(nn.Module):
    """A spatially infinite map of Fourier features, turned and moved by a learned function of w, then mixed
    by 1×1 weights.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2 (Fourier features with frequencies
    uniform in the disc |f| ≤ f_c, and random phases, which stay as they are) and appendix F, config H (the
    affine layer gives (r_c, r_s, t_x, t_y), all divided by the norm of the first two; it starts at no turn
    and no shift; frequencies that a further transform moves beyond the band fade out). The shorter side of
    the image is one unit long. The buffer `transform` `(3, 3)` moves the map for the user.

    w `(N, W)` → `(N, channels, *size)` float32, also under autocast: bf16 would move the map.
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
        self.register_buffer("places", places(size, rate), persistent=False)
        self.size, self.rate, self.bandwidth = size, rate, bandwidth

    def forward(self, w: Tensor) -> Tensor:
        """`(N, W)` → `(N, channels, *size)`."""
        with torch.autocast(w.device.type, enabled=False):
            frequencies, phases = self.moved(self.affine(at_least_float32(w)))
            places = self.get_buffer("places").t()
            waves = torch.sin(2 * math.pi * (places @ frequencies.mT + phases[:, None]))
            mixed = (waves * self.strength(frequencies)[:, None]) @ (
                self.weight / math.sqrt(len(self.weight))
            ).t()
            # channels come last here already
            return mixed.reshape(len(w), *self.size, -1).permute(0, 3, 1, 2)

    def moved(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Frequencies `(N, C, 2)` and phases `(N, C)` after the learned motion `(N, 4)` and the user's
        transform.
        """
        motion = motion / motion[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, shift = motion[:, 0], motion[:, 1], motion[:, 2:]
        turn = torch.stack([cosine, -sine, sine, cosine], 1).reshape(-1, 2, 2)
        transform = self.get_buffer("transform")
        turned = self.get_buffer("frequencies") @ turn
        phases = self.get_buffer("phases") + (turned @ (transform[:2, 2] - shift)[..., None])[..., 0]
        return turned @ transform[:2, :2], phases

    @contextmanager
    def placed(self, right: float, down: float, turn: float) -> Iterator[None]:
        """Inside, the map is turned counter-clockwise by `turn` about its middle, then shifted; lengths are
        in shorter sides.
        """
        transform = self.get_buffer("transform")
        before, cosine, sine = transform.clone(), math.cos(turn), math.sin(turn)
        # where a place of the moved map lies in the map at rest
        back = [
            [cosine, -sine, sine * down - cosine * right],
            [sine, cosine, -sine * right - cosine * down],
            [0, 0, 1],
        ]
        transform.copy_(before @ torch.tensor(back).to(before))
        try:
            yield
        finally:
            transform.copy_(before)

    def strength(self, frequencies: Tensor) -> Tensor:
        """1 within the band, falling to 0 at half the sampling rate."""
        slope = max(self.rate / 2 - self.bandwidth, 1e-6)
        fading: Tensor = 1 - (frequencies.norm(dim=2) - self.bandwidth) / slope
        return fading.clamp(0, 1)


def places(size: tuple[int, int], rate: int) -> Tensor:
    """x and y of the middles of all pixels, `(2, H·W)`, with the middle of the map at 0."""
    tall, wide = ((torch.arange(n) + 0.5 - n / 2) / rate for n in size)
    y, x = torch.meshgrid(tall, wide, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()])
