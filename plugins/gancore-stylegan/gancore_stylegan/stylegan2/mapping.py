"""The mapping networks of StyleGAN2 and StyleGAN3."""

import torch
from torch import Tensor

from gancore import field, part
from gancore.component.validators import whole
from gancore.nn.equalized import EqualizedLinear
from gancore.nn.labels import check_classes, given_label, one_hot
from gancore.nn.pixel_norm import pixel_norm
from gancore_stylegan.stylegan1.mapping import MeansByClass, StyleGANMapping
from gancore_stylegan.stylegan2.modulated import GAIN


@part("stylegan2")
class StyleGAN2Mapping(StyleGANMapping):
    """The mapping network of StyleGAN2 and StyleGAN3, whose biases learn √2 times as fast as StyleGAN's.

    Paper: Karras et al. 2019, arXiv:1912.04958, whose released code multiplies the output of a leaky ReLU by
    √2; in StyleGAN's, √2 is a factor of the weights before it. The two can represent the same functions, but
    here a step of Adam in a bias changes the output √2 times as much. Weights of conditioner/stylegan load
    with the buffer `gain` at 1 instead of √2, and continue to train as before. Otherwise like
    conditioner/stylegan.

    `(N, latent_width)` → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FitError: the generator's code is neither `(W,)` nor `(L, W)`.
    """

    @property
    def bias_gain(self) -> Tensor:
        """√2, or 1 for weights of conditioner/stylegan."""
        return self.get_buffer("gain")

    def build(self) -> None:
        """Makes the layers, and registers the gain of their biases."""
        super().build()
        self.register_buffer("gain", torch.tensor(GAIN))

    def later_weights(self) -> dict[str, Tensor]:
        """A gain of 1 for older weights, which have none."""
        return {"gain": torch.ones_like(self.get_buffer("gain"))}


@part("stylegan2-labels")
class LabeledStyleGAN2Mapping(MeansByClass, StyleGAN2Mapping):
    """The mapping network with labels: a linear embedding and z are normalized separately, then joined.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676, appendix on CIFAR-10, with details of its released
    code. Soft labels give a weighted sum of embeddings. The mean of w is over all classes, as there, unless
    `class_means` keeps one for each. Otherwise like conditioner/stylegan2, also for older weights.

    `(N, latent_width)` and `(N,)` int64 or `(N, K)` float → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or the generator's code is neither `(W,)` nor `(L, W)`.
    """

    embedding_width: int = field(
        default=0, validator=whole(0), help="width of a label's embedding; 0: that of w"
    )

    @property
    def input_width(self) -> int:
        """A latent and an embedding."""
        return self.latent_width + (self.embedding_width or self.code[-1])

    def build(self) -> None:
        """Makes the layers, and the embedding."""
        check_classes(self, "conditioner/stylegan")
        super().build()
        self.embedding = EqualizedLinear(self.classes, self.embedding_width or self.code[-1], gain=1)

    def read(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """The latent and the embedding of its label; normalizing them together again changes nothing."""
        label = given_label(self, label, "conditioner/stylegan")
        embedded = self.embedding(one_hot(label, self.classes).to(latent))  # (N, embedding)
        return torch.cat([pixel_norm(latent), pixel_norm(embedded)], dim=1)  # (N, latent_width + embedding)
