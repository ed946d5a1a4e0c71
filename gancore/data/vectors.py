"""Labels in an array, `NAME.npy`, such as embeddings of texts; `NAME.txt` names the image of each row."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gancore.data.labels import Labels, as_labels, rows_by_name
from gancore.errors import DataError
from gancore.storage.text import decoded

VECTORS, NAMES = "labels.npy", "labels.txt"
"""The files that are found beside the images of a folder or zip."""


def vector_labels(
    array: npt.NDArray[Any], names: bytes | None, images: Sequence[str], where: str, names_from: str
) -> Labels:
    """The labels of `images` in the rows of an array: in the order of the images, or by the names of the
    rows, one a line, with or without their suffix.

    Raises:
        DataError: the array holds no labels, or names, rows and images do not match.
    """
    if names is None:
        return as_labels(array, len(images), where)
    lines = _lines(names, names_from)
    if array.ndim < 1 or len(lines) != len(array):
        rows = len(array) if array.ndim else 0
        raise DataError(
            f"{names_from} names {len(lines)} images, but {where} has {rows} rows; give one name a line, one "
            "for each row"
        )
    return as_labels(array[rows_by_name(lines, images, names_from)], len(images), where)


def read_npy(content: bytes, where: str) -> npt.NDArray[Any]:
    """The array of a `.npy` file. Raises DataError if it is damaged."""
    try:
        found = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # numpy raises many kinds of error for a damaged header
        raise DataError(f"{where} cannot be read ({error}); expected a whole .npy file of numbers") from error
    return one_array(found, where)


def one_array(found: Any, where: str) -> npt.NDArray[Any]:
    """What `numpy.load` gave, if it is an array. Raises DataError if it is a .npz."""
    if isinstance(found, np.ndarray):
        return found
    found.close()
    raise DataError(
        f"{where} is a .npz of several arrays inside; expected one array: save it with numpy.save"
    )


def names_beside(path: Path) -> bytes | None:
    """The content of `NAME.txt` beside `NAME.npy`, None if there is none."""
    beside = path.with_suffix(".txt")
    return beside.read_bytes() if beside.is_file() else None


def _lines(content: bytes, where: str) -> list[str]:
    try:
        text = decoded(content)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where} is not text in UTF-8 or UTF-16 ({error}); expected one image name a line"
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
