"""Conditioning by distances between embedded images of a batch, in place of a classifier."""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Auxiliary, Shape
from gancore.component.part import fact, field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import above, at_least, whole, within
from gancore.nn.labels import check_whole_classes, given_class

__all__ = ["ConditionalContrastive", "DataToDataCrossEntropy"]

WITHOUT = "a recipe without auxiliaries"


@interface("auxiliary")
class Embedded(Auxiliary):
    """What both have in common: a linear head that embeds features on the unit sphere, and a vector on it for
    each class.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or labels are rows of numbers.
    """

    conditional: ClassVar[bool] = True
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 6},)
    classes: int = fact(help="number of classes K, given by the data")
    label_shape: Shape = fact(default=(), help="shape of one label: (), since it has to be a class")
    width: int = field(default=512, validator=whole(1), help="dimension of the embeddings")
    weight: float = field(default=1.0, validator=at_least(0), help="weight in the discriminator's terms")
    generator_weight: float = field(
        default=1.0, validator=at_least(0), help="weight in the generator's terms"
    )

    def build(self) -> None:
        """Makes the head and the vectors of the classes."""
        check_whole_classes(self, self.label_shape, WITHOUT)
        self.head = nn.Linear(math.prod(self.features), self.width)
        self.proxies = nn.Parameter(torch.randn(self.classes, self.width))

    def discriminator(self, real: Scored, fake: Scored) -> Tensor:
        """The loss on real images, weighted."""
        return self.weight * self.loss(*self.embedded(real))

    def generator(self, fake: Scored, real: Scored) -> Tensor:
        """The loss on generated images, weighted."""
        return self.generator_weight * self.loss(*self.embedded(fake))

    def embedded(self, scored: Scored) -> tuple[Tensor, Tensor, Tensor]:
        """Images and their classes on the unit sphere, both `(N, width)`, and labels `(N,)`."""
        label = given_class(self, scored.label, WITHOUT)
        image = functional.normalize(at_least_float32(self.head(scored.features.flatten(1))), dim=1)
        return image, functional.normalize(at_least_float32(self.proxies), dim=1)[label], label

    @abstractmethod
    def loss(self, image: Tensor, proxy: Tensor, label: Tensor) -> Tensor:
        """Of embedded images, the vectors of their classes, and labels: a scalar."""


@part("contrastive", tags=["batch"])
class ConditionalContrastive(Embedded):
    """The conditional contrastive loss (2C): an image shall lie near the vector of its class and near the
    other images of its class in the batch, and far from the rest.

    Paper: Kang & Park 2020 (ContraGAN), arXiv:2006.12681, section 3.2, the 2C loss: the discriminator learns
    it on real images, the generator on its own. The embedding is one linear layer on the discriminator's
    features.
    """

    temperature: float = field(default=1.0, validator=above(0), help="the paper's t")

    def loss(self, image: Tensor, proxy: Tensor, label: Tensor) -> Tensor:
        """-E log (P / (P + N)), P = exp(h·e / t) + Σ exp(h·h′ / t) over other images h′ of the class and its
        vector e, N = Σ exp(h·h′ / t) over images of other classes.
        """
        to_class = (image * proxy).sum(1, keepdim=True) / self.temperature  # (N, 1)
        to_others = image @ image.t() / self.temperature  # (N, N)
        itself = torch.eye(len(image), dtype=torch.bool, device=image.device)
        to_others = to_others.masked_fill(itself, -math.inf)
        alike = to_others.masked_fill(label[:, None] != label, -math.inf)
        among = torch.cat([to_class, to_others], dim=1).logsumexp(1)
        return (among - torch.cat([to_class, alike], dim=1).logsumexp(1)).mean()


@part("d2d-ce", tags=["batch"])
class DataToDataCrossEntropy(Embedded):
    """The data-to-data cross-entropy: a classifier whose wrong answers are the images of other classes in the
    batch, which ignores what is easy already.

    Paper: Kang et al. 2021 (ReACGAN), arXiv:2111.01118, section 3: similarities to the class above the
    positive margin, and to images of other classes below the negative one, count no further. Margins and
    temperature are those of the released settings for CIFAR-10, whose weight is 0.5 (here 1). The
    discriminator learns it on real images, the generator on its own. The embedding is one linear layer on the
    discriminator's features.
    """

    temperature: float = field(default=0.5, validator=above(0), help="the paper's τ")
    positive_margin: float = field(default=0.98, validator=within(-1, 1), help="the paper's m_p")
    negative_margin: float = field(default=0.02, validator=within(-1, 1), help="the paper's m_n")

    def loss(self, image: Tensor, proxy: Tensor, label: Tensor) -> Tensor:
        """-E log (P / (P + N)), P = exp(min(0, h·e - m_p) / τ) of the vector e of the class, N = Σ exp(max(0,
        h·h′ - m_n) / τ) over images h′ of other classes.
        """
        easy = (image * proxy).sum(1, keepdim=True) - self.positive_margin
        to_class = easy.clamp_max(0) / self.temperature  # (N, 1), [·]₋
        to_others = (image @ image.t() - self.negative_margin).clamp_min(0) / self.temperature  # (N, N), [·]₊
        to_others = to_others.masked_fill(label[:, None] == label, -math.inf)
        return (torch.cat([to_class, to_others], dim=1).logsumexp(1) - to_class[:, 0]).mean()
