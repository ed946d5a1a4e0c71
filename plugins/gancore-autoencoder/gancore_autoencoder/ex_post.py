"""The second stage that gives any trained encoder and decoder a sampler."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import nn

from gancore.component.fitted_sampler import FittedSampler
from gancore.component.interfaces import Encoder, Generator
from gancore.component.part import Seat, part, seat
from gancore.errors import FitError
from gancore.pipeline import Pipeline
from gancore.recipes.base import Recipe, Run
from gancore.recipes.ex_post import fit_ex_post
from gancore.standard.conditioners import Identity
from gancore.standard.gaussian_mixture import GaussianMixture


@part("ex-post")
class ExPost(Recipe):
    """Fits a sampler to the codes of an encoder that another run has trained, such as a variational
    autoencoder's: ex-post density estimation.

    Paper: Ghosh et al. 2019, arXiv:1903.12436, section 4, who apply it to variational autoencoders too. Give
    encoder and generator by `from`; they are not trained. There is no step but `finish`, which encodes all
    images once.

    Raises:
        FitError: the encoder reads labels.
        DataError: in `finish`, when there are fewer images than components of the sampler.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "gancore-autoencoder:autoencoder", "width": 4, "latent": 4, "frozen": True},
            "encoder": {"part": "gancore-autoencoder:autoencoder", "width": 4, "frozen": True},
            "sampler": {"part": "gancore:gaussian-mixture", "components": 2},
        },
    )

    encoder: Seat[Encoder] = seat()
    generator: Seat[Generator] = seat()
    sampler: Seat[FittedSampler] = seat(default=GaussianMixture)

    def facts(self, seat: str) -> dict[str, Any]:
        """The image shape, and for encoder and sampler the shape of the code."""
        latent = {} if seat == "generator" else {"latent": tuple(self.generator.code_shape)}
        return {"image": self.image, **latent}

    def build(self) -> None:
        """Checks that no labels are read, and registers whether the sampler was fitted."""
        if self.encoder.conditional:
            raise FitError(
                f"{self.encoder.qualified_name} reads labels, which {self.qualified_name} does not have; "
                "take the encoder of a run without labels"
            )
        self.identity = Identity(code=tuple(self.generator.code_shape))
        self.fitted = nn.Buffer(torch.zeros((), dtype=torch.bool))

    @property
    def ready(self) -> bool:
        """Whether the sampler was fitted."""
        return bool(self.fitted)

    def length(self, available: int) -> int:
        """A single step."""
        return self.batch_size

    @property
    def batch_size(self) -> int:
        """Images that are encoded at a time."""
        return 256

    def step(self, run: Run) -> None:
        """Nothing is learned by steps."""
        run.batch()

    def finish(self, run: Run) -> None:
        """Fits the sampler."""
        fit_ex_post(self.sampler, self.encoder, run)
        self.fitted.fill_(True)

    def pipelines(self) -> dict[str, Pipeline]:
        """The fitted sampler and the trained decoder."""
        return {
            "image": Pipeline(
                sampler=self.sampler,
                conditioner=self.identity,
                generator=self.generator,
                encoder=self.encoder,
            )
        }
