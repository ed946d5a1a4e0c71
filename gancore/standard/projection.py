"""A label for any discriminator."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from gancore.component.interfaces import Discriminator
from gancore.component.part import Seat, fact, part, seat
from gancore.errors import FitError
from gancore.nn.labels import LabelEmbedding, check_classes, given_label
from gancore.standard.feature_vectors import added, feature_vectors, vector_width
from gancore.standard.patchgan import PatchGAN

__all__ = ["ProjectionDiscriminator"]


@part("projection")
class ProjectionDiscriminator(Discriminator):
    """Any discriminator that reads no labels, made conditional: f(x, y) = yᵀV φ(x) + ψ(φ(x)).

    Paper: Miyato & Koyama 2018, arXiv:1802.05637, section 3 and fig. 1d. φ and ψ are `forward_features` and
    `forward_head` of `network`, V is an embedding of the label; a label may be a class or a row of numbers.

    Differences: features that are maps are flattened, not summed over places, so that a label can say where
    something is; only if scores are patches is their mean over places taken, and the product added to each
    patch. Entries of V start as N(0, 1/D), D the number of features.

    `(N, C, H, W)` in [-1, 1] and labels `(N,)` int64 or `(N, K)` float → scores as of `network`.

    Raises:
        FactError: the data have no labels.
        FitError: `network` reads labels itself, no label was given, or a row is not of length K.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"network": {"part": "patchgan", "width": 2, "layers": 1}},
    )
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    network: Seat[Discriminator] = seat(default=PatchGAN, help="the discriminator to make conditional")

    def facts(self, seat: str) -> dict[str, Any]:
        """The network reads the same images."""
        return {"image": self.image}

    def build(self) -> None:
        """Makes the embedding, as wide as the features of one image."""
        check_classes(self, f"its network, {self.network.qualified_name}")
        if self.network.conditional:
            raise FitError(
                f"{self.qualified_name} adds labels to {self.network.qualified_name}, which reads them "
                "itself; put it in place of the projection, or give a network that reads none"
            )
        self.embedding = LabelEmbedding(self.classes, vector_width(self.network))
        nn.init.normal_(self.embedding.weight, std=self.embedding.embedding_dim**-0.5)

    def forward_features(self, image: Tensor) -> Tensor:
        """The features of the network."""
        return self.network.forward_features(image)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The network's scores, plus the product of features and embedded label."""
        label = given_label(self, label, self.network.qualified_name)
        scores = self.network.forward_head(features, label)  # (N,) or (N, 1, h, w)
        vectors = feature_vectors(features, scores)  # (N, D)
        product = (self.embedding(label).to(vectors) * vectors).sum(1)  # (N,)
        return added(scores, product)
