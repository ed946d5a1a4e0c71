"""The projection head of conditional discriminators."""

from collections.abc import Callable

from torch import Tensor, nn

from gancore.nn.labels import LabelEmbedding

__all__ = ["ProjectionHead"]


class ProjectionHead(nn.Module):
    """The score of features φ and a label y: f = yᵀV φ + ψ(φ), V the embedding of labels, ψ a linear layer.

    Paper: Miyato & Koyama 2018, arXiv:1802.05637, section 3 and fig. 1d. Labels may be soft, or any other
    vector of length `classes`. `linear` and `embedding` make the layers, as `nn.Linear` or `SpectralLinear`,
    `LabelEmbedding` or `SpectralEmbedding`.

    `(N, features)` and `(N,)` int64 or `(N, classes)` float → `(N,)`.
    """

    def __init__(
        self,
        features: int,
        classes: int,
        *,
        linear: Callable[..., nn.Module] = nn.Linear,
        embedding: Callable[..., nn.Module] = LabelEmbedding,
    ) -> None:
        super().__init__()
        self.score = linear(features, 1)
        self.embedding = embedding(classes, features)

    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        """`(N, features)` and labels → `(N,)`."""
        scores: Tensor = self.score(features)[:, 0] + (self.embedding(label) * features).sum(1)
        return scores
