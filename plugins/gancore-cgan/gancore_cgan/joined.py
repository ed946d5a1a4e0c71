"""What generators share whose code is a latent and a label."""

import torch
from torch import Tensor

from gancore import Generator, fact, field
from gancore.component.interfaces import Shape
from gancore.component.part import interface
from gancore.component.validators import whole
from gancore.nn.labels import check_classes

__all__ = ["JoinedGenerator", "with_planes"]


@interface("generator")
class JoinedGenerator(Generator):
    """A generator that reads the latent and the label as conditioner/one-hot joins them."""

    classes: int = fact(help="number of classes K, given by the data")
    latent_size: int = field(default=100, validator=whole(1), help="dimension of the latent")

    @property
    def code_shape(self) -> Shape:
        """The latent, and one number for each class."""
        return (self.latent_size + self.classes,)

    def build(self) -> None:
        """Checks that there are labels."""
        check_classes(self, "a generator that reads none, such as generator/dcgan")

    def halves(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """`(N, latent_size + K)` → the latent `(N, latent_size)` and the label `(N, K)`."""
        return code[:, : self.latent_size], code[:, self.latent_size :]


def with_planes(maps: Tensor, label: Tensor) -> Tensor:
    """Maps `(N, C, h, w)` and labels `(N, K)` → `(N, C + K, h, w)`: each number of a label is a plane."""
    planes = label.to(maps)[:, :, None, None].expand(-1, -1, *maps.shape[2:])  # (N, K, h, w)
    return torch.cat([maps, planes], dim=1)
