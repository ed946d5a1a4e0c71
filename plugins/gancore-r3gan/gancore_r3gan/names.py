"""The names of weights in the published networks, and here."""

import re
from collections.abc import Mapping

from torch import Tensor

from gancore.errors import CheckpointError
from gancore.published import shown

__all__ = ["discriminator_weights", "generator_weights"]

BLOCK = {
    "LinearLayer1.Layer.weight": "first.weight",
    "LinearLayer2.Layer.weight": "second.weight",
    "LinearLayer3.Layer.weight": "third.weight",
    "NonLinearity1.Bias": "first_bias.bias",
    "NonLinearity2.Bias": "second_bias.bias",
}
"""Names in a block."""


def generator_weights(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of generator/r3gan. Raises CheckpointError if a name is not known."""
    made = {}
    for name, value in found.items():
        stage, place, rest = _parts(name)
        if name == "AggregationLayer.Layer.weight":
            made["to_image.weight"] = value
        elif place == 0 and rest in ("Basis", "LinearLayer.weight"):
            made[{"Basis": "start.basis"}.get(rest, "start.layer.weight")] = value
        elif place == 0 and rest == "LinearLayer.Layer.weight":
            made[f"ups.{stage}.layer.weight"] = value
        elif rest in BLOCK:
            made[f"stages.{stage}.{place - 1}.{BLOCK[rest]}"] = value
        elif name != "EmbeddingLayer.weight" and rest != "Resampler.Kernel":
            raise _unknown(name)
    return made


def discriminator_weights(found: Mapping[str, Tensor], stages: int) -> dict[str, Tensor]:
    """The weights of the discriminators. Raises CheckpointError if a name is not known."""
    made = {}
    for name, value in found.items():
        stage, place, rest = _parts(name)
        if name == "ExtractionLayer.Layer.weight":
            made["from_image.weight"] = value
        elif name == "EmbeddingLayer.weight":
            made["label.weight"] = value.t().contiguous()
        elif stage == stages - 1 and rest == "Basis.weight":
            made["end.basis"] = value[:, 0]  # (C, 1, h, w)
        elif stage == stages - 1 and rest == "LinearLayer.weight":
            made["end.layer.weight"] = value
        elif rest == "LinearLayer.Layer.weight":
            made[f"downs.{stage}.layer.weight"] = value
        elif rest in BLOCK:
            made[f"stages.{stage}.{place}.{BLOCK[rest]}"] = value
        elif rest != "Resampler.Kernel":
            raise _unknown(name)
    return made


def _parts(name: str) -> tuple[int, int, str]:
    """Stage, place in it, and the rest of a name."""
    found = re.fullmatch(r"MainLayers\.(\d+)\.Layers\.(\d+)\.(.*)", name)
    return (int(found[1]), int(found[2]), found[3]) if found else (-1, -1, "")


def _unknown(name: str) -> CheckpointError:
    return CheckpointError(f"{shown(name)} is not the name of a weight of R3GAN; give weights of one")
