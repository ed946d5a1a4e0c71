"""Minibatch discrimination for any discriminator."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from gancore.component.interfaces import Discriminator
from gancore.component.part import Seat, fact, field, part, seat
from gancore.component.validators import whole
from gancore.nn.minibatch_discrimination import MinibatchDiscrimination
from gancore.standard.feature_vectors import added, feature_vectors, vector_width
from gancore.standard.patchgan import PatchGAN

__all__ = ["MinibatchDiscriminator"]


@part("minibatch", tags=["batch"])
class MinibatchDiscriminator(Discriminator):
    """Any discriminator that also sees how near the images of a batch are to each other, so that a generator
    whose images are all alike is found out.

    Paper: Salimans et al. 2016, arXiv:1606.03498, section 3.2. Real and generated images are compared among
    themselves. Differences from the paper, which puts o(x) beside the features of a layer inside: the
    features are those of the last layer of `network`, and a linear map of o(x) is added to its scores, as a
    last linear layer would do. Features that are maps are flattened; only if scores are patches is their mean
    over places taken, and the number added to each patch.

    By default an image is compared with the whole batch that passes, as in the paper; micro-batches and
    processes then compare with fewer. With a `group` of G images, those of G neighbors are compared, and
    micro-batches and processes with whole groups are exact.

    `(N, C, H, W)` in [-1, 1] → scores as of `network`, whose labels it passes on.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"network": {"part": "patchgan", "width": 2, "layers": 1}, "kernels": 4},
    )
    classes: int = fact(default=0, help="number of classes, given by the data")
    network: Seat[Discriminator] = seat(default=PatchGAN, help="the discriminator that reads the images")
    kernels: int = field(default=100, validator=whole(1), help="the paper's B, numbers that are added")
    size: int = field(default=5, validator=whole(1), help="the paper's C, dimensions of a kernel")
    group: int = field(
        default=0, validator=whole(0), help="images that are compared with each other; 0: the whole batch"
    )

    @property
    def conditional(self) -> bool:  # type: ignore[override]
        """As the network."""
        return self.network.conditional

    def facts(self, seat: str) -> dict[str, Any]:
        """The network reads the same images and labels."""
        return {"image": self.image, "classes": self.classes}

    def build(self) -> None:
        """Makes T for the features of one image, and the map to the scores."""
        width = vector_width(self.network)
        self.near = MinibatchDiscrimination(width, self.kernels, self.size, self.group)
        self.last = nn.Linear(self.kernels, 1, bias=False)

    def forward_features(self, image: Tensor) -> Tensor:
        """The features of the network."""
        return self.network.forward_features(image)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The network's scores ψ(f(x)), plus a linear map of o(x)."""
        scores = self.network.forward_head(features, label)  # (N,) or (N, 1, h, w)
        near = self.near(feature_vectors(features, scores))  # o(x), (N, kernels)
        return added(scores, self.last(near)[:, 0])
