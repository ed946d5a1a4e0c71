"""How the channels of a picture go through a translator, and come back."""

import attrs
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gancore.data import ImageOptions
from gancore.data.fitting import fit_image
from gancore.data.source import Array, Raw

ALPHAS = ("keep", "network", "white", "black")
"""What becomes of alpha that a translator does not read: it is kept and resized, kept and translated as a
gray picture, or the picture is laid on white or black.
"""
LUMA = torch.tensor([0.299, 0.587, 0.114])
"""ITU-R 601, as gray is made of colors everywhere here."""


@attrs.frozen(kw_only=True)
class Colors:
    """What a translator is given of a picture, as rows of a batch, and what is made of what it gives.

    Attributes:
        reads: channels that the translator reads, 1 to 4; 2 and 4 have alpha.
        makes: channels that it makes, 1 to 4.
        channels: of the picture, with alpha.
        alpha: whether the picture has it.
        bits: 8 or 16, of the picture and of what is made.
        how: one of `ALPHAS`.
        same: what is made has the colors of the picture: gray stays gray, and a translator of gray pictures
            is given each color by itself.
    """

    reads: int
    makes: int
    channels: int
    alpha: bool
    bits: int
    how: str = "keep"
    same: bool = False

    @property
    def gray(self) -> bool:
        """Whether the picture is gray."""
        return self.channels - self.alpha == 1

    @property
    def planes(self) -> bool:
        """Whether each color is a row by itself."""
        return self.same and not self.gray and self.reads == self.makes == 1

    @property
    def aside(self) -> bool:
        """Whether alpha is kept beside what the translator reads and makes."""
        kept = self.how in ("keep", "network")
        return self.alpha and kept and self.reads in (1, 3) and self.makes in (1, 3)

    @property
    def count(self) -> int:
        """Channels of what is made."""
        own = self.makes in (2, 4) and (self.alpha or not self.same)
        return self._colors + (self.aside or own)

    @property
    def _colors(self) -> int:
        if self.same and self.gray:
            return 1
        return 3 if self.planes or self.makes > 2 else 1

    def given(self, window: Array) -> Tensor:
        """Pixels `(h, w, C)` → rows `(N, reads, h, w)` in [-1, 1]."""
        color = window[..., :-1] if self.aside else window
        if self.planes:
            rows = [plane[None] for plane in np.moveaxis(color[..., :3], 2, 0)]
        else:
            rows = [self._as_read(color, self.alpha and not self.aside)]
        if self.aside and self.how == "network":
            rows.append(self._as_read(window[..., -1:], False))
        return _floats(np.stack(rows), self.bits)

    def _as_read(self, pixels: Array, alpha: bool) -> Array:
        ground = self.how if self.how in ("white", "black") else "white"
        options = ImageOptions(channels=self.reads, alpha=ground)
        return fit_image(Raw(pixels, alpha), options, "the picture")

    def taken(self, made: Tensor, window: Array) -> Tensor:
        """Rows `(N, makes, H, W)` → channels `(count, H, W)` in [-1, 1], beside the alpha of the window."""
        own = self.makes in (2, 4)
        color = made[:3, 0] if self.planes else made[0, :-1] if own else made[0]
        if self._colors < len(color):
            color = _luma(color)
        if self.aside:
            return torch.cat([color, self._alpha(made, window)])
        return torch.cat([color, made[0, -1:]]) if self.count > self._colors else color

    def _alpha(self, made: Tensor, window: Array) -> Tensor:
        if self.how == "network":
            return made[-1] if self.makes == 1 else _luma(made[-1])
        alpha = _floats(window[None, ..., -1], self.bits)  # (1, h, w)
        if alpha.shape[1:] == made.shape[2:]:
            return alpha
        return interpolate(alpha[None], made.shape[2:], mode="bicubic")[0]

    def pixels(self, channels: Tensor) -> Array:
        """Channels `(C, H, W)` in [-1, 1] → pixels `(H, W, C)` of the picture's depth."""
        half = ((1 << self.bits) - 1) / 2
        values = ((channels.nan_to_num(nan=0.0).clamp(-1, 1) + 1) * half).round()
        return np.asarray(values.permute(1, 2, 0).numpy(), np.uint16 if self.bits == 16 else np.uint8)


def _luma(color: Tensor) -> Tensor:
    """`(3, H, W)` → `(1, H, W)`."""
    return (LUMA[:, None, None] * color).sum(0, keepdim=True)


def _floats(values: Array, bits: int) -> Tensor:
    half = ((1 << bits) - 1) / 2
    return torch.from_numpy(values.astype(np.float32)) / half - 1
