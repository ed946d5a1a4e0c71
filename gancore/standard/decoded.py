"""A generator of the codes of an autoencoder, with the decoder that makes images of them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Conditioner, Generator, ImageShape, Shape
from gancore.component.part import Seat, part, seat
from gancore.errors import FitError
from gancore.standard.conditioners import Identity

__all__ = ["Decoded", "as_map"]


@part("decoded")
class Decoded(Generator):
    """What a generator makes are codes of an autoencoder, which its decoder turns into images.

    The idea is that of Esser et al. 2020 (VQGAN), arXiv:2012.09841, section 3.2, where a transformer makes
    the codes: a second stage learns the codes of a first one that stays as it is. `codes` makes maps `(N, D,
    h, w)` with values in about [-1, 1], to which the codes were scaled channel by channel; flat codes `(D,)`
    are maps `(D, 1, 1)`. They are scaled back, c = mean + deviation · x, replaced by the nearest vectors of
    the codebook if there is one, and decoded.

    Code `(N, *code_shape)` of `codes` → image `(N, C, H, W)` of `decoder`.

    Raises:
        FitError: the decoder reads codes that are neither flat nor maps.
        FactError: `codes` makes maps of another shape than the decoder reads.
    """

    codes: Seat[Generator] = seat(help="makes the scaled codes")
    decoder: Seat[Generator] = seat(help="the generator of the first stage")
    conditioner: Seat[Conditioner] = seat(
        default=Identity, help="the conditioner of the first stage, which may hold a codebook"
    )

    def facts(self, seat: str) -> dict[str, Any]:
        """The decoder makes the image, and its code is the image of `codes`."""
        if seat == "decoder":
            return {"image": self.image}
        code = tuple(self.decoder.code_shape)
        return {"image": as_map(code, self.decoder)} if seat == "codes" else {"code": code}

    def build(self) -> None:
        """Makes room for the scale, `(D, 1, 1)` each."""
        channels = self.codes.image[0]
        self.mean = nn.Buffer(torch.zeros(channels, 1, 1))
        self.deviation = nn.Buffer(torch.ones(channels, 1, 1))

    @property
    def code_shape(self) -> Shape:
        """That of `codes`."""
        return tuple(self.codes.code_shape)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *code_shape)` → `(N, C, H, W)`."""
        maps = self.mean + self.deviation * self.codes(code)  # (N, D, h, w)
        found = self.conditioner.snap(maps.reshape(-1, *self.decoder.code_shape))  # (N, D) or (N, D, h, w)
        image: Tensor = self.decoder(found)  # (N, C, H, W)
        return image

    def truncated(self, threshold: float) -> "Decoded":
        """The same around `codes` for this threshold."""
        codes = self.codes.truncated(threshold)
        return self if codes is self.codes else self.around(codes)

    def around(self, codes: Generator) -> "Decoded":
        """The same decoder and scale around another generator of codes."""
        made = Decoded(
            image=self.decoder.image, codes=codes, decoder=self.decoder, conditioner=self.conditioner
        )
        made.mean, made.deviation = self.mean, self.deviation
        made.train(self.training)
        return made

    def last_layer(self) -> Tensor:
        """That of the decoder."""
        return self.decoder.last_layer()

    def code_weights(self) -> Sequence[Tensor]:
        """Those of `codes`."""
        return self.codes.code_weights()


def as_map(code: Shape, decoder: Generator) -> ImageShape:
    """The shape of a code as a map `(D, h, w)`. Raises FitError if it is neither flat nor a map."""
    if len(code) not in (1, 3):
        raise FitError(
            f"{decoder.qualified_name} reads codes of shape {tuple(code)}; a generator makes flat codes "
            "(D,), as maps (D, 1, 1), or maps (D, h, w): give a first stage with such codes"
        )
    return (code[0], 1, 1) if len(code) == 1 else (code[0], code[1], code[2])
