"""A discriminator that tells the class of images without a label itself, and what teaches it to."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Discriminator, DiscriminatorRegularizer
from gancore.component.part import Seat, fact, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import at_least
from gancore.errors import FitError
from gancore.nn.labels import check_classes, given_label, one_hot
from gancore.standard.feature_vectors import blank_features
from gancore.standard.few_labels import labeled_cross_entropy
from gancore.standard.projection import ProjectionDiscriminator
from gancore.standard.regularizers import Score

__all__ = ["CoTraining", "CoTrainingDiscriminator"]

WITHOUT = "a discriminator and a conditioner that read no labels"


@runtime_checkable
class Classifying(Protocol):
    """A network with a classifier beside its score."""

    def classify(self, features: Tensor) -> Tensor:
        """Features of images → logits `(N, K)` float32."""
        ...


@part("co-training")
class CoTrainingDiscriminator(Discriminator):
    """Any discriminator that reads labels, for data of which few have one: an image without is scored with
    the class that a linear classifier on its features holds most likely.

    Paper: Lucic et al. 2019 (S3GAN), arXiv:1903.02271, its co-training approach, where `network` is a
    projection discriminator, the default. Labels are rows of K class weights, one-hot or soft, and a row of
    zeros says that there is none; whole classes pass as they are. What is predicted is one class, and no
    gradient goes through it, as by default in the released code; `discriminator-regularizer/co-training`
    teaches the classifier, on the features that the score is made from; without it the classifier stays as it
    starts. Differences: the classifier is not spectrally normalized where the network is; features that are
    maps are flattened; and generated images that were asked for without a label are predicted too, of which
    the paper has none (`label-sampler/uniform-one-hot`).

    `(N, C, H, W)` in [-1, 1] and labels `(N,)` int64 or `(N, K)` float → scores as of `network`.

    Raises:
        FactError: the data have no labels.
        FitError: `network` reads no labels, no label was given, or a row is not of length K.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"network": {"part": "projection", "network": {"part": "patchgan", "width": 2, "layers": 1}}},
    )
    expected_failures = {
        "gradient_reaches_everything": "the scores have no gradient in the classifier, which "
        "discriminator-regularizer/co-training trains"
    }
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    network: Seat[Discriminator] = seat(
        default=ProjectionDiscriminator, help="the discriminator that reads the labels"
    )

    def facts(self, seat: str) -> dict[str, Any]:
        """The network reads the same images and labels."""
        return {"image": self.image, "classes": self.classes}

    def build(self) -> None:
        """Makes the classifier."""
        check_classes(self, WITHOUT)
        if not self.network.conditional:
            raise FitError(
                f"{self.qualified_name} gives labels to {self.network.qualified_name}, which reads none; put "
                f'one around it, as {{part = "projection", network = "{self.network.name}"}}'
            )
        self.classifier = nn.Linear(blank_features(self.network).numel(), self.classes)

    def classify(self, features: Tensor) -> Tensor:
        """Features of images → logits of their classes, `(N, K)` float32."""
        return at_least_float32(self.classifier(features.flatten(1)))

    def forward_features(self, image: Tensor) -> Tensor:
        """The features of the network."""
        return self.network.forward_features(image)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The network's scores with the labels, and with predicted classes where there are none."""
        label = given_label(self, label, WITHOUT)
        if label.is_floating_point():
            with torch.no_grad():
                predicted = one_hot(self.classify(features).argmax(1), self.classes)  # (N, K)
            label = torch.where(label.any(1, keepdim=True), label, predicted.to(label))  # (N, K)
        return self.network.forward_head(features, label)


@part("co-training", tags=["batch"])
class CoTraining(DiscriminatorRegularizer):
    """The classifier of `discriminator/co-training` learns from those real images that have labels.

    Paper: Lucic et al. 2019 (S3GAN), arXiv:1903.02271, its co-training approach, with the weight of the
    released code; there too only the discriminator learns it, and the generator follows its labels by the
    scores alone. The features learn with the classifier. The loss is the mean over the images with labels, so
    that it depends on how a batch is split into micro-batches. Labels as of `discriminator/co-training`.

    Raises:
        FactError: the data have no labels.
        FitError: the discriminator has no classifier, no label was given, or a row is not of length K.
    """

    conditional: ClassVar[bool] = True
    reads_features: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    weight: float = field(default=1.0, validator=at_least(0), help="weight of the cross-entropy")

    def build(self) -> None:
        """Checks that there are labels."""
        check_classes(self, WITHOUT)

    def check_discriminator(self, discriminator: Discriminator) -> None:
        """Raises FitError if it has no classifier."""
        self._classifying(discriminator)

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """-E log P(c | x) over real images with labels, weighted."""
        rows = one_hot(given_label(self, real.label, WITHOUT), self.classes)  # (N, K)
        logits = self._classifying(real.discriminator).classify(real.features)  # (N, K)
        return self.weight * labeled_cross_entropy(logits, rows)

    def _classifying(self, discriminator: nn.Module) -> Classifying:
        for module in discriminator.modules():
            if isinstance(module, Classifying):
                return module
        name = getattr(discriminator, "qualified_name", type(discriminator).__name__)
        raise FitError(
            f"{self.qualified_name} teaches the classifier of a discriminator, but {name} has none; put "
            "discriminator/co-training around it"
        )
