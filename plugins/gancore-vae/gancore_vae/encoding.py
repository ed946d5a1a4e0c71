"""What all recipes here have in common: an encoder to a Gaussian, a prior and a decoder."""

import math
from typing import Any

from torch import Tensor

from gancore.component.interfaces import Conditioner, Generator, LabelSampler, Sampler, Shape
from gancore.component.part import Seat, fact, field, interface, seat
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.pipeline import Pipeline, check_fit
from gancore.recipes.base import Recipe
from gancore.standard.conditioners import Identity
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.samplers import Normal
from gancore_vae.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from gancore_vae.networks import GaussianEncoder


@interface("recipe")
class Encoding(Recipe):
    """A recipe of an encoder, a prior, a conditioner and a generator. A subclass trains them.

    Raises:
        FitError: the encoder's latents do not have the shape of those that the conditioner reads, or another
            pair of parts does not fit.
    """

    classes: int = fact(default=0, help="number of classes, 0 for none")
    label_shape: Shape = fact(
        default=(), help="shape of one label: () for a class, (K,) for a row of numbers"
    )
    generator: Seat[Generator] = seat(default=ConvolutionalDecoder)
    encoder: Seat[GaussianEncoder] = seat(default=ConvolutionalEncoder)
    conditioner: Seat[Conditioner] = seat(default=Identity, help="makes codes of latents and labels")
    prior: Seat[Sampler] = seat(default=Normal, help="the prior p(z)")
    labels: Seat[LabelSampler] = seat(default=EmpiricalLabels)
    batch: int = field(default=100, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """Image and classes come from the data, code from the generator, latent from the conditioner."""
        known: dict[str, Any] = {
            "image": self.image,
            "classes": self.classes,
            "label_shape": self.label_shape,
        }
        if seat == "conditioner":
            known["code"] = tuple(self.generator.code_shape)
        if seat in ("encoder", "prior"):
            known["latent"] = tuple(self.conditioner.latent_shape)
        return known

    def build(self) -> None:
        """Checks that the parts fit."""
        if tuple(self.encoder.latent) != tuple(self.conditioner.latent_shape):
            raise FitError(
                f"{self.encoder.qualified_name} makes latents {self.encoder.latent}, "
                f"{self.conditioner.qualified_name} reads {self.conditioner.latent_shape}"
            )
        check_fit(self.prior, self.conditioner, self.generator)

    @property
    def conditional(self) -> bool:
        """Whether any part reads labels."""
        return self.encoder.conditional or self.conditioner.conditional

    @property
    def wants(self) -> frozenset[str]:
        """Images, and labels if any part reads them."""
        return frozenset({"image", "label"}) if self.conditional else frozenset({"image"})

    @property
    def batch_size(self) -> int:
        """The paper's."""
        return self.batch

    def length(self, available: int) -> int:
        """The number of training images, unless the run sets one."""
        return 200_000

    def pipelines(self) -> dict[str, Pipeline]:
        """The prior, the conditioner and the decoder, and the encoder's mean for reconstruction."""
        return {
            "image": Pipeline(
                sampler=self.prior,
                conditioner=self.conditioner,
                generator=self.generator,
                encoder=self.encoder,
                labels=self.labels if self.conditional else None,
            )
        }

    @property
    def latents_as_images(self) -> dict[str, Any]:
        """The facts of a discriminator that reads latents as images `(d, 1, 1)`."""
        return {"image": (math.prod(self.conditioner.latent_shape), 1, 1)}

    def posterior(self, image: Tensor, label: Tensor | None = None) -> DiagonalGaussian:
        """q(z | x), or q(z | x, y) if the encoder reads labels: N Gaussians."""
        read = (image, label) if self.encoder.conditional else (image,)
        found: DiagonalGaussian = self.encoder(*read)
        return found
