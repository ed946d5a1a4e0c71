"""Encoders that read labels."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.part import Seat, fact, part, seat
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.nn.labels import check_classes, given_label, one_hot
from gancore_vae.convolutional import ConvolutionalEncoder
from gancore_vae.networks import GaussianEncoder


@part("labeled")
class LabeledEncoder(GaussianEncoder):
    """q(z | x, y): an encoder that sees the label as further channels of the image, each constant.

    Paper: Sohn, Lee & Yan 2015, *Learning structured output representation using deep conditional generative
    models*, the recognition network q(z | x, y). A one-hot label has a channel for each class, a row of
    numbers one for each number. `network` is any encoder to a Gaussian; it reads `C + K` channels.

    Image `(N, C, H, W)` in [-1, 1] and label `(N,)` int64 or `(N, K)` float → posterior over `(N, *latent)`.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or a row of another length.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"network": {"part": "convolutional-encoder", "width": 4}},
        {"network": {"part": "mlp-encoder", "width": 8, "deviation": 0.1}},
    )
    conditional: ClassVar[bool] = True
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    classes: int = fact(help="number of classes K, given by the data")
    network: Seat[GaussianEncoder] = seat(default=ConvolutionalEncoder, help="reads image and label together")

    def facts(self, seat: str) -> dict[str, Any]:
        """The network's image has K more channels."""
        channels, *size = self.image
        return {"image": (channels + self.classes, *size), "latent": tuple(self.latent)}

    def build(self) -> None:
        """Checks that there are labels."""
        check_classes(self, self.network.qualified_name)

    def moments(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Image and label together, `(N, C + K, H, W)` → mean and log-variance `(N, d)`."""
        return self.network.moments(image)

    def forward(self, image: Tensor, label: Tensor | None = None) -> DiagonalGaussian:
        """`(N, C, H, W)` and a label → the posterior over `(N, *latent)`, float32."""
        marks = one_hot(given_label(self, label, self.network.qualified_name), self.classes)  # (N, K)
        planes = marks.to(image)[:, :, None, None].expand(-1, -1, *image.shape[2:])  # (N, K, H, W)
        return super().forward(torch.cat([image, planes], 1))
