"""Directions with their metadata, stored in a file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from gancore.component.weights import write_weights
from gancore.errors import RunError, UserError
from gancore.latent.codes import has_codes
from gancore.latent.spaces import SPACES, PlainSpace
from gancore.pipeline import Pipeline
from gancore.storage.files import whole_file

__all__ = ["DirectionSet"]

VERSION = 1
"""The format version of the file."""


@dataclass(frozen=True)
class DirectionSet:
    """Directions of one pipeline.

    Attributes:
        vectors: `(k, *S)` of length 1.
        deviation: `(k,)`, the standard deviation of drawn points along each, which is the unit of a move.
        space: `z` moves latents, `w` moves codes.
        method: how they were found: sefa, ganspace, linear.
        names: what each is called.
        about: further metadata, JSON-compatible.
    """

    vectors: Tensor
    deviation: Tensor
    space: PlainSpace
    method: str
    names: tuple[str, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.vectors)

    def move(self, index: int, amount: float) -> Tensor:
        """`amount` deviations along one direction: `(*S,)`. Raises UserError if it does not exist."""
        if not 0 <= index < len(self):
            raise UserError(f"direction {index} is out of range; give a number from 0 to {len(self) - 1}")
        return amount * self.deviation[index] * self.vectors[index]

    def check(self, pipeline: Pipeline) -> None:
        """Raises UserError if these are not directions of this pipeline's space."""
        shape = pipeline.conditioner.latent_shape if self.space == "z" else pipeline.generator.code_shape
        if tuple(self.vectors.shape[1:]) != tuple(shape) or (self.space == "w" and not has_codes(pipeline)):
            mine = tuple(self.vectors.shape[1:])
            raise UserError(
                f"these directions are {mine} in {self.space}; "
                f"this pipeline has {tuple(shape)} there: find directions for this pipeline"
            )

    def save(self, path: Path | str) -> None:
        """Writes one safetensors file with the metadata as JSON in its header.

        Raises:
            RunError: the disk is full or may not be written to.
        """
        words = {
            "gancore_directions": VERSION,
            "space": self.space,
            "method": self.method,
            "names": self.names,
            "about": self.about,
        }
        tensors = {"vectors": self.vectors, "deviation": self.deviation}
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as aside:
                write_weights(aside, tensors, {"directions": json.dumps(words)})
        except OSError as error:
            raise RunError(
                f"cannot write the directions {path}: {error.strerror or error}; free some space and retry"
            ) from None

    @classmethod
    def load(cls, path: Path | str) -> "DirectionSet":
        """Reads what `save` wrote. Raises UserError if the file is something else, or damaged."""
        try:
            with safe_open(path, framework="pt") as file:
                words = json.loads((file.metadata() or {})["directions"])
                vectors, deviation = file.get_tensor("vectors"), file.get_tensor("deviation")
            if (
                words["gancore_directions"] != VERSION
                or words["space"] not in SPACES
                or not isinstance(words["about"], dict)
            ):
                raise ValueError(f"version {words['gancore_directions']!r}, space {words['space']!r}")
            names = _names(words["names"], len(vectors))
            if deviation.shape != (len(vectors),) or not bool(
                vectors.isfinite().all() & deviation.isfinite().all()
            ):
                raise ValueError("vectors and deviations do not match")
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise UserError(
                f"{path} does not hold directions ({error}); give a file that gancore directions wrote"
            ) from None
        return cls(vectors, deviation, words["space"], str(words["method"]), names, words["about"])


def _names(given: Any, count: int) -> tuple[str, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != count:
        raise ValueError(f"{given!r} are not names for {count} directions")
    return tuple(map(str, given))
