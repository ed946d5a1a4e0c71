"""How a plugin turns published networks into parts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gancore.component.interfaces import Discriminator
from gancore.pipeline import Pipeline
from gancore.published.networks import Network

__all__ = ["Importer"]


class Importer(ABC):
    """Reads the networks of one published code; a plugin hands it over by the hook `gancore_importers`.

    Whatever a method raises about options and tensors becomes a CheckpointError, because they came from a
    file.
    """

    title: ClassVar[str]
    """What it reads, in words, such as `rosinality's StyleGAN2`."""
    options: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Options of `pipeline` that the user may choose, each with its values, the default first."""
    judge_decides: ClassVar[bool] = False
    """Whether a generator is trained on by the recipe of this code if its discriminator is of this code,
    though another importer reads the generator: its networks are the same.
    """

    @abstractmethod
    def is_generator(self, network: Network) -> bool:
        """Whether a network is a generator of this code, judging by its settings and tensors' names."""

    def is_discriminator(self, network: Network) -> bool:
        """Whether a network is a discriminator of this code."""
        return False

    @abstractmethod
    def pipeline(self, network: Network, **options: str) -> Pipeline:
        """The pipeline of a generator.

        Raises:
            CheckpointError: settings have no counterpart here, or the weights do not fit.
        """

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator. Raises like `pipeline`."""
        raise NotImplementedError(f"{type(self).__name__} knows a discriminator, but cannot read it")

    def refusal(self, network: Network) -> str:
        """Why a network of this code that is neither generator nor discriminator is not read; empty where it
        is none of this code.
        """
        return ""

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """The spec of a recipe that trains on from these networks, without them; empty if there is none."""
        return {}
