"""Labels from a dataset.json, from class folders, or given separately."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

import attrs
import numpy as np
import numpy.typing as npt

from gancore.errors import DataError

LabelArray = npt.NDArray[np.int64] | npt.NDArray[np.float32]
MAX_CLASSES = 1_000_000
SPARE, MOST = 2**20, 2**15
"""Bytes of a JSON, and for each image."""
SPARE_LISTS, LISTS = 2**17, 8
"""Lists in a JSON, and for each image; two suffice, but names may have brackets."""


@attrs.define(frozen=True)
class Labels:
    """One label per image: int64 (N,) in 0 … K-1, or float32 (N, K); and the names of the K classes."""

    values: LabelArray
    class_names: tuple[str, ...]

    @property
    def classes(self) -> int:
        """K."""
        return len(self.class_names)

    def take(self, kept: npt.NDArray[np.int64]) -> "Labels":
        """The labels of these images."""
        return Labels(self.values[kept], self.class_names)


def as_labels(values: Any, count: int, where: str, class_names: Sequence[str] | None = None) -> Labels:
    """Checks labels and converts them to their type.

    Raises:
        DataError: not one label per image, neither integers of at least 0 nor equally long rows of finite
        numbers, or too few class names.
    """
    array = _as_numbers(values, where)
    if len(array) != count:
        raise DataError(f"{where} has {len(array)} labels for {count} images; expected one label an image")
    whole = array.ndim == 1
    if whole and (
        array.dtype.kind not in "iu" or (count and (array.min() < 0 or array.max() >= MAX_CLASSES))
    ):
        raise DataError(
            f"{where} has labels {_sample(array)}; expected whole numbers from 0 to {MAX_CLASSES - 1}, "
            "or a row of K numbers an image"
        )
    if not whole and not (np.abs(array) <= np.finfo(np.float32).max).all():
        raise DataError(
            f"{where} has labels that are NaN or infinite, or beyond float32; expected finite numbers"
        )
    classes = (int(array.max()) + 1 if count else 0) if whole else array.shape[1]
    names = tuple(str(number) for number in range(classes)) if class_names is None else tuple(class_names)
    if len(names) < classes or (not whole and len(names) != classes):
        raise DataError(
            f"{where} names {len(names)} classes but its labels need {classes}; give one name a class"
        )
    return Labels(array.astype(np.int64) if whole else array.astype(np.float32), names)


def _as_numbers(values: Any, where: str) -> npt.NDArray[Any]:
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError, OverflowError):
        array = np.asarray(None)
    if array.ndim not in (1, 2) or array.dtype.kind not in "iuf" or 0 in array.shape[1:]:
        raise DataError(
            f"{where} has labels that are not numbers of one kind; "
            "expected whole numbers from 0, or a row of K numbers an image"
        )
    return array


def _sample(array: npt.NDArray[Any]) -> str:
    return ", ".join(str(value) for value in array[:5]) + (" …" if len(array) > 5 else "")


def some(names: Sequence[str]) -> str:
    """The first names, for a message."""
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def json_labels(content: bytes, images: Sequence[str], where: str) -> Labels | None:
    """Labels of `images` from the JSON that StyleGAN's dataset tool writes: `labels` is a list of [file,
    class], or {file: class}, or null for none.

    A class is a whole number, or a list of numbers; `classes` may name them.

    Raises:
        DataError: not such a JSON, or files and images that do not match.
    """
    _refuse_endless(content, len(images), where)
    table = _parse(content, where)
    if table.get("labels") is None:
        return None
    entries = pairs(table["labels"], where)
    rows = rows_by_name([name for name, _ in entries], images, where)
    names = table.get("classes")
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise DataError(f"{where}: classes is {names!r:.80}; expected a list of names")
    return as_labels([entries[row][1] for row in rows], len(images), where, names)


def _refuse_endless(content: bytes, images: int, where: str) -> None:
    """What is read as JSON takes many times its bytes in memory, so it may not be more than labels need."""
    lists = content.count(b"[") + content.count(b"{")
    if len(content) > SPARE + MOST * images or lists > SPARE_LISTS + LISTS * images:
        raise DataError(
            f"{where} has {len(content)} bytes and {lists} lists, too many for labels of {images} images; "
            "expected [file, class] for each; make it again"
        )


def rows_by_name(names: Sequence[str], images: Sequence[str], where: str) -> npt.NDArray[np.int64]:
    """The row of each image among the names of rows, which may lack the images' suffixes.

    Raises:
        DataError: an image without a row, a row without an image, or a name that is there twice.
    """
    given = {alike(name): row for row, name in enumerate(names)}
    known = {name: alike(name) for name in images}
    if not set(given) & set(known.values()):
        known = {name: stem(alike(name)) for name in images}
    missing = [name for name in images if known[name] not in given]
    extra = sorted(set(given) - set(known.values()))
    twice = len(names) - len(given) + len(images) - len(set(known.values()))
    if missing or extra or twice:
        raise DataError(
            f"{where} does not match: {len(missing)} have no label ({some(missing)}), "
            f"{len(extra)} labels no image ({some(extra)}), "
            f"{twice} are there twice; give every image one label, or use labels='none'"
        )
    return np.array([given[known[name]] for name in images], dtype=np.int64)


def alike(name: str) -> str:
    """A name that is the same whichever system wrote it: composed characters, forward slashes, no leading
    `./`.
    """
    return normalize("NFC", name.replace("\\", "/")).removeprefix("./")


def stem(name: str) -> str:
    """A name without its suffix, but with its folders."""
    folder, slash, file = name.rpartition("/")
    base, dot, _ = file.rpartition(".")
    return folder + slash + (base if dot and base else file)


def _parse(content: bytes, where: str) -> dict[str, Any]:
    try:
        table = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f'{where} is not JSON ({error}); expected {{"labels": [[file, class], …]}}'
        ) from error
    if not isinstance(table, dict):
        raise DataError(f'{where} holds a {type(table).__name__}; expected {{"labels": [[file, class], …]}}')
    return table


def pairs(entries: Any, where: str) -> list[tuple[str, Any]]:
    """[file, label] pairs; a bool, a string or a ragged list is not a label."""
    if isinstance(entries, dict):
        entries = [[name, label] for name, label in entries.items()]
    if not isinstance(entries, list):
        raise DataError(f"{where}: labels is a {type(entries).__name__}; expected a list of [file, class]")
    for entry in entries:
        if not (
            isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and _is_label(entry[1])
        ):
            raise DataError(
                f"{where}: label {entry!r:.80}; expected [file, class], "
                f"the class a whole number from 0 to {MAX_CLASSES - 1} or a list of numbers"
            )
    return [(entry[0], entry[1]) for entry in entries]


def _is_label(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in value)
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_CLASSES


def common_folder(names: Sequence[str]) -> tuple[str, ...]:
    """The folders that all names lie in."""
    shared = tuple(names[0].split("/")[:-1]) if names else ()
    for name in names:
        parts = name.split("/")[:-1]
        while shared != tuple(parts[: len(shared)]):
            shared = shared[:-1]
    return shared


def read_bytes(path: Path) -> bytes:
    """The content of a file of labels."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"labels file {path} cannot be read ({error.strerror}); give a .json, .npy or IDX file of labels"
        ) from error
