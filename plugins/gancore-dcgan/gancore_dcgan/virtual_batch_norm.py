"""Virtual batch normalization for any generator."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import Part, Seat, fact, field, part, seat
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.virtual_batch_norm import made_virtual, with_reference
from gancore_dcgan.generator import DCGANGenerator


@part("virtual-batch-norm")
class VirtualBatchNormGenerator(Generator):
    """Any generator with batch normalization, made virtual: an image depends on its code and on a fixed
    reference batch of codes, in training and at sampling, and on no other image beside it.

    Paper: Salimans et al. 2016, arXiv:1606.03498, section 3.5, for the DCGAN generator, the default. The
    reference batch is drawn once, when a two-player recipe is built, and kept in the state dict. Its codes
    are those that the conditioner gives before training, with labels drawn before the data are seen; outside
    of such a recipe they are standard normal. As in the paper each pass takes the reference batch along, so
    that it costs twice the time where that is as large as the batch. Rows are independent of each other, so
    that micro-batches and processes are exact.

    `(N, *code)` → `(N, C, H, W)` as of `network`.

    Raises:
        FitError: `network` has no batch normalization.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"network": {"part": "dcgan", "width": 4, "latent_size": 6}, "reference_size": 3},
    )
    classes: int = fact(default=0, help="number of classes, given by the data")
    network: Seat[Generator] = seat(
        default=DCGANGenerator, help="the generator whose batch normalization becomes virtual"
    )
    reference_size: int = field(default=64, validator=whole(2), help="codes in the reference batch")

    def facts(self, seat: str) -> dict[str, Any]:
        """The network makes the same images, from the same labels."""
        return {"image": self.image, "classes": self.classes}

    @property
    def code_shape(self) -> Shape:
        """As of the network."""
        return tuple(self.network.code_shape)

    def build(self) -> None:
        """Puts the layers in place, and starts with a reference batch of normal codes."""
        fresh = [m for m in self.network.modules() if isinstance(m, Part) and m.pristine()]
        if not made_virtual(self.network):
            raise FitError(
                f"{self.qualified_name}: {self.network.qualified_name} has no batch normalization that could "
                "be made virtual; use it by itself"
            )
        for inner in fresh:
            inner.mark_fresh()
        self.register_buffer("reference", torch.randn(self.reference_size, *self.code_shape))

    def refer_to(self, code: Tensor) -> None:
        """Takes codes `(reference_size, *code_shape)` as the reference batch, unless it is trained."""
        if self.pristine():
            self.get_buffer("reference").copy_(code)
            self.mark_fresh()

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *code)` → `(N, C, H, W)`."""
        return with_reference(self.network, self.network, self.get_buffer("reference").to(code), code)

    def last_layer(self) -> Tensor:
        """As of the network."""
        return self.network.last_layer()

    def code_weights(self) -> Sequence[Tensor]:
        """As of the network."""
        return self.network.code_weights()
