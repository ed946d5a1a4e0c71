"""What the terms of an autoencoder are computed from."""

from functools import cached_property

from torch import Tensor

from gancore.component.interfaces import Encoder, Generator


class Coded:
    """A batch on its way through an autoencoder; each step is computed when it is first asked for.

    Attributes:
        image: `(N, C, H, W)`, what is to be reconstructed.
        read: `(N, C, H, W)`, what the encoder reads: the image, or a corrupted one.
        encoder: the encoder.
        generator: the decoder.
    """

    def __init__(self, image: Tensor, read: Tensor, encoder: Encoder, generator: Generator) -> None:
        self.image, self.read = image, read
        self.encoder, self.generator = encoder, generator

    @cached_property
    def code(self) -> Tensor:
        """`(N, *code)` float32."""
        return self.encoder.code(self.read)

    @cached_property
    def made(self) -> Tensor:
        """The reconstruction, `(N, C, H, W)` float32."""
        made: Tensor = self.generator(self.code)
        return made
