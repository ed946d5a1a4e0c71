"""What the files of facebookresearch/pytorch_GAN_zoo say of a network besides its weights."""

from collections.abc import Mapping
from typing import Any

import attrs

from gancore.component.validators import is_number
from gancore.errors import CheckpointError
from gancore.published import Network, shown
from gancore_progan.generator import Output

__all__ = ["Settings", "classes_of", "settings"]

TANH = ("MSE", "DCGAN")
"""The losses with which images end in a tanh there."""


@attrs.frozen
class Settings:
    """Weight of the coarser image while a size fades in, slope of the leaky ReLUs, whether the learning rate
    is equalized, and what follows the layer to colors.
    """

    coarser: float
    slope: float
    equalized: bool
    output: Output


def settings(network: Network) -> Settings:
    """The settings beside a network, or in its metadata; those of the code where nothing is said.

    Raises:
        CheckpointError: they are out of range, without counterpart here, or unusable there.
    """
    told = _told(network)
    if told.get("perChannelNormalization") is False:
        raise CheckpointError(
            "perChannelNormalization is False; the code of these networks cannot run so, give others"
        )
    return Settings(
        coarser=_share(told, "weight_of_the_coarser" if "weight_of_the_coarser" in told else "alpha", 0.0),
        slope=_share(told, "leakyReluLeak", 0.2),
        equalized=told.get("equalizedlR") is not False,
        output="tanh" if _ends_in_tanh(told) else "linear",
    )


def classes_of(network: Network) -> int:
    """The length of the class vector at the end of a generator's latent, 0 for none.

    Raises:
        CheckpointError: it says more than one class of one attribute.
    """
    told = _told(network)
    attributes, length = told.get("attribKeysOrder"), told.get("categoryVectorDim", 0)
    if not length:
        return 0
    if type(length) is not int or not isinstance(attributes, dict) or len(attributes) != 1:
        raise CheckpointError(
            "the generator has several attributes, which a label cannot say; import one with a single one"
        )
    return length


def _told(network: Network) -> dict[str, Any]:
    """What is said of the network, beside it and in its metadata."""
    beside = network.beside.get("config", {})
    if not isinstance(beside, dict):
        raise CheckpointError(
            f"its config is {shown(beside)}, not settings that can be read, without which the network is "
            "another; give a file whose config holds names and plain values"
        )
    return {**beside, **network.init_kwargs}


def _ends_in_tanh(told: Mapping[str, Any]) -> bool:
    """By the loss, or by the argument of the network itself."""
    return told.get("lossCriterion") in TANH or told.get("generationActivation") == "tanh"


def _share(told: Mapping[str, Any], name: str, default: float) -> float:
    value = told.get(name, default)
    if not is_number(value) or not 0 <= value <= 1:
        raise CheckpointError(f"{name} is {shown(value)}, not a number from 0 to 1; give another file")
    return float(value)
