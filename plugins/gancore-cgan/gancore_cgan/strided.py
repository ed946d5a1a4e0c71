"""Strided networks that read the label as planes beside each of their maps."""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Discriminator, fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import at_least, whole
from gancore.nn.initializers import normal_weights
from gancore.nn.labels import check_classes, given_label, one_hot
from gancore.nn.pyramid import doubling_widths, doublings, smallest_map
from gancore_cgan.joined import JoinedGenerator, with_planes


@part("cgan", tags=["batch"])
class CGANGenerator(JoinedGenerator):
    """Latent and label become a small map, which fractionally strided convolutions enlarge; each of them
    reads the label again, one plane for each number.

    Paper: Mirza & Osindero 2014, arXiv:1411.1784, section 3.2: the label is a further input of the network.
    Its networks are fully connected (generator/cgan-mlp); the layers here are those of Radford et al. 2015
    (DCGAN), arXiv:1511.06434, sections 3 and 4: batch normalization in all layers but the last, ReLU, tanh,
    weights N(0, 0.02), with the kernels of 4×4 of the PyTorch example. A class is a one-hot row; a row of K
    numbers gives planes of these values. With many classes the planes are many too: K channels beside those
    of every map.

    `(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the data have no labels, or the sides are not those of a map with a shorter side of 4 to 7,
            times a power of two, at least 2.
    """

    examples = ({"width": 4, "latent_size": 6, "classes": 3},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=64, validator=whole(1), help="channels of the largest hidden map")

    def build(self) -> None:
        """Makes the projection to the smallest map, and one transposed convolution for each doubling."""
        super().build()
        start = smallest_map(self.image, self.qualified_name)
        widths = doubling_widths(self.width, doublings(self.image, self.qualified_name, least=1))[::-1]
        ups = [(a + self.classes, b) for a, b in pairwise([*widths, self.image[0]])]
        first = nn.ConvTranspose2d(self.latent_size + self.classes, widths[0], start, bias=False)
        self.layers = nn.ModuleList(
            [first, *(nn.ConvTranspose2d(*sizes, 4, 2, 1, bias=False) for sizes in ups)]
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        normal_weights(self)

    def code_weights(self) -> list[Tensor]:
        """The projection to the smallest map."""
        return [self.layers[0].get_parameter("weight").flatten(1).t()]

    def last_layer(self) -> Tensor:
        """The last transposed convolution."""
        return self.layers[-1].get_parameter("weight")

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1)."""
        latent, label = self.halves(code)  # (N, latent_size), (N, K)
        x = latent[:, :, None, None]  # (N, latent_size, 1, 1)
        for layer, norm in zip(self.layers[:-1], self.norms, strict=True):
            x = norm(layer(with_planes(x, label))).relu()  # (N, channels, h, w)
        return at_least_float32(self.layers[-1](with_planes(x, label)).tanh())  # (N, C, H, W)


@part("cgan", tags=["batch"])
class CGANDiscriminator(Discriminator):
    """Strided convolutions halve the image down to a small map, which a 1×1 convolution joins with the label
    once more before it is scored; all but the first read the label, one plane for each number.

    Paper: Mirza & Osindero 2014, arXiv:1411.1784, sections 3.2 and 4.1: the image has a hidden layer of its
    own, then the label is joined, and a joint hidden layer follows, whatever the size. The other layers are
    those of Radford et al. 2015 (DCGAN), arXiv:1511.06434, sections 3 and 4: leaky ReLU of slope 0.2, batch
    normalization in all layers but the first and the last, weights N(0, 0.02), with the kernels of 4×4 of the
    PyTorch example; the sigmoid is part of the loss.

    `(N, C, H, W)` and labels `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the sides are as generator/cgan refuses them.
        FitError: no label was given, or a row is not of length K.
    """

    examples = ({"width": 4, "classes": 3},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    width: int = field(default=64, validator=whole(1), help="channels of the largest hidden map")
    slope: float = field(default=0.2, validator=at_least(0), help="slope of the leaky ReLU below zero")

    def build(self) -> None:
        """Makes one convolution for each halving, the joint layer, and the score."""
        check_classes(self, "discriminator/dcgan")
        end = smallest_map(self.image, self.qualified_name)
        widths = doubling_widths(self.width, doublings(self.image, self.qualified_name, least=1))
        self.first = nn.Conv2d(self.image[0], widths[0], 4, 2, 1, bias=False)
        downs = [(a + self.classes, b) for a, b in pairwise(widths)]
        self.layers = nn.ModuleList(nn.Conv2d(*sizes, 4, 2, 1, bias=False) for sizes in downs)
        self.layers.append(nn.Conv2d(widths[-1] + self.classes, widths[-1], 1, bias=False))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in [*widths[1:], widths[-1]])
        self.score = nn.Conv2d(widths[-1], 1, end, bias=False)
        self.leaky = nn.LeakyReLU(self.slope)
        normal_weights(self)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the first map `(N, width, H/2, W/2)`."""
        features: Tensor = self.leaky(self.first(image))
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The first map and labels → scores `(N,)`."""
        row, x = one_hot(given_label(self, label, "discriminator/dcgan"), self.classes), features  # (N, K)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = self.leaky(norm(layer(with_planes(x, row))))  # (N, channels, h, w)
        scores: Tensor = self.score(x)  # (N, 1, 1, 1)
        return scores.reshape(len(features))
