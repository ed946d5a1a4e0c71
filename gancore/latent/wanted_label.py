"""The label that a user asks for: a class or its name, or a row of numbers."""

import difflib
import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gancore.errors import UserError
from gancore.pipeline import Pipeline, check_count

__all__ = ["Wanted", "classes_of", "names_of", "rows_of", "wanted_label"]

Wanted = int | str | Sequence[float]
"""A class; its name; a row of numbers, also as text (`1,0,1`), as the names of its ones (`red,round`), or in
a `.npy` file.
"""
SHOWN = 8


def classes_of(pipeline: Pipeline) -> int:
    """The number of classes, or of numbers in a label row; 0 if the pipeline reads no labels."""
    knows = pipeline.conditioner if pipeline.labels is None else pipeline.labels
    return int(getattr(knows, "classes", 0) or 0) if pipeline.conditional or pipeline.reads_labels else 0


def rows_of(pipeline: Pipeline) -> bool:
    """Whether labels are rows of numbers."""
    return pipeline.labels is not None and bool(pipeline.labels.label_shape)


def names_of(pipeline: Pipeline) -> tuple[str, ...]:
    """The names of the classes, or of the numbers in a label row; none if the data did not name them."""
    return () if pipeline.labels is None else tuple(pipeline.labels.class_names)


def wanted_label(pipeline: Pipeline, wanted: Wanted | None, n: int = 1) -> Tensor | None:
    """The label of `n` images, `(n,)` int64 or `(n, K)` float32; None for None.

    A text that is the name of a class means that class, whatever else it could mean.

    Raises:
        UserError: there is no such class or name, or the text or file holds something else.
    """
    if wanted is None:
        return None
    if not (pipeline.conditional or pipeline.reads_labels):
        raise UserError(
            f"{pipeline.conditioner.qualified_name} reads no labels, but a label was given; omit it"
        )
    check_count(n)
    found = _of_text(pipeline, wanted.strip()) if isinstance(wanted, str) else _of_numbers(wanted)
    return found.expand(n, *found.shape[1:])


def _of_numbers(wanted: int | Sequence[float]) -> Tensor:
    if isinstance(wanted, int):
        return torch.tensor([wanted])
    return torch.tensor([list(wanted)], dtype=torch.float32)


def _of_text(pipeline: Pipeline, text: str) -> Tensor:
    text = unicodedata.normalize("NFC", text)  # as the names of class folders
    names, words = names_of(pipeline), [word.strip() for word in text.split(",")]
    if text in names:
        words = [text]
    elif Path(text).suffix.lower() == ".npy":
        return _of_file(Path(text))
    elif numbers := _numbers(words):
        whole = len(words) == 1 and not rows_of(pipeline)
        return torch.tensor([_whole(text)]) if whole else torch.tensor([numbers])
    missing = [word for word in words if word not in names]
    if missing:
        raise UserError(_unknown(pipeline, missing[0]))
    found = torch.tensor([names.index(word) for word in words])
    if rows_of(pipeline):
        return functional.one_hot(found, classes_of(pipeline)).amax(0, keepdim=True).float()
    if len(words) > 1:
        raise UserError(
            f"an image has one class here; got {text!r}: give one name, or a weight for each class"
        )
    return found


def _numbers(words: list[str]) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []


def _whole(text: str) -> int:
    if not text.lstrip("+-").isdecimal():
        raise UserError(f"a class is a whole number or a name; got {text!r}")
    return int(text)


def _of_file(path: Path) -> Tensor:
    try:
        found = np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    except Exception as error:  # numpy raises more than OSError and ValueError for a damaged file
        raise UserError(f"the label {path} cannot be read ({error}); give a .npy file of numbers") from None
    if found.ndim not in (1, 2) or found.shape[:-1] not in ((), (1,)):
        raise UserError(f"{path} holds an array {found.shape}; a label is one row of numbers, (K,)")
    return torch.from_numpy(found.reshape(1, -1))


def _unknown(pipeline: Pipeline, word: str) -> str:
    names, classes = names_of(pipeline), classes_of(pipeline)
    if not names:
        expected = f"{classes} numbers such as 1,0,…" if rows_of(pipeline) else f"0 to {classes - 1}"
        return f"the labels here have no names, so {word!r} means nothing; give {expected}"
    known = {name.lower(): name for name in reversed(names)}  # of names that differ in case, the first
    near = difflib.get_close_matches(word.lower(), list(known), n=1)
    hint = f"did you mean {known[near[0]]!r}? " if near else ""
    return f"no label is called {word!r}; {hint}known: {', '.join(names[:SHOWN])}" + (
        " …" if len(names) > SHOWN else ""
    )
