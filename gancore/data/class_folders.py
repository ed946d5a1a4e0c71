"""Folders as classes, and the folders that are none: splits, and what this library has written."""

import re
from collections.abc import Sequence
from unicodedata import normalize

import numpy as np

from gancore.data.labels import Labels, common_folder, some
from gancore.storage.names import RECIPE, SAVED, SETTINGS

SPLIT = re.compile(
    r"(?P<before>.*[ _.-])?"
    r"(train(ing)?|trn|val(id(ation|ate)?)?|dev|test(ing)?|tst|eval(uation)?|hold[_-]?out)"
    r"([ _.-]?(set|data|images|imgs|split|\d{4}))?",
    re.IGNORECASE,
)
"""Names of folders that divide data into sets: `train`, `Test_Set`, `val2017`, `seg_train`."""


def without_runs(names: Sequence[str]) -> list[str]:
    """The names outside of runs and saved pipelines, whose pictures are results and no data."""
    known = set(names)
    above = [name.rpartition("/") for name in names]
    made = {
        folder
        for folder, _, file in above
        if file == SAVED or (file == SETTINGS and f"{folder}/{RECIPE}".lstrip("/") in known)
    }
    return [name for name in names if made.isdisjoint(_parents(name))] if made else list(names)


def _parents(name: str) -> list[str]:
    pieces = name.split("/")
    return ["/".join(pieces[:depth]) for depth in range(len(pieces))]


def splits(images: Sequence[str]) -> list[str]:
    """The first folders below the common one, if all images are in them and all are called as splits, with
    the same word before, if any.
    """
    found = _folders(images, len(common_folder(images)))
    names = sorted({folder for folder in found if folder is not None})
    matches = [SPLIT.fullmatch(name) for name in names]
    begin = {match and match["before"] for match in matches}
    return names if None not in found and all(matches) and len(begin) == 1 else []


def folder_labels(images: Sequence[str]) -> Labels | None:
    """The first folder below the common one, or below the splits, is the class; None unless every image is
    in one of at least two class folders.
    """
    return _labels(_folders(images, class_depth(images)))


def split_labels(images: Sequence[str]) -> Labels | None:
    """As `folder_labels`, with folders called as splits for classes."""
    return _labels(_folders(images, len(common_folder(images))))


def class_depth(images: Sequence[str]) -> int:
    """How many folders lie above the class folders."""
    return len(common_folder(images)) + (1 if splits(images) else 0)


def astray(images: Sequence[str]) -> list[str]:
    """The images in no class folder, where others are in at least two of them."""
    folders = _folders(images, class_depth(images))
    beside = [name for name, folder in zip(images, folders, strict=True) if folder is None]
    return beside if len({folder for folder in folders if folder is not None}) > 1 else []


def without_image(images: Sequence[str], folders: Sequence[str]) -> list[str]:
    """The class folders that hold no image."""
    depth = class_depth(images)
    held = {folder for folder in _folders(images, depth) if folder is not None}
    level = {normalize("NFC", name.split("/")[depth]) for name in folders if name.count("/") == depth}
    return sorted(level - held)


def folder_notes(images: Sequence[str], folders: Sequence[str]) -> list[str]:
    """What a description says about the folders as classes."""
    told = []
    if beside := astray(images):
        told.append(f"no labels, since {some(beside)} {_lie(len(beside))} in no class folder")
    elif folder_labels(images) is not None and (empty := without_image(images, folders)):
        told.append(f"no image in {some(empty)}")
    return told


def split_notes(images: Sequence[str]) -> list[str]:
    """What a description says about folders called as splits."""
    found = splits(images)
    return [f"the images of {' and '.join(found)} together"] if len(found) > 1 else []


def _lie(count: int) -> str:
    return "lies" if count == 1 else f"({count} images) lie"


def _folders(images: Sequence[str], depth: int) -> list[str | None]:
    """The folder of each image at this depth, spelled alike whichever system wrote the name."""
    return [normalize("NFC", name.split("/")[depth]) if name.count("/") > depth else None for name in images]


def _labels(folders: list[str | None]) -> Labels | None:
    classes = sorted({folder for folder in folders if folder is not None})
    if None in folders or len(classes) < 2:
        return None
    number = {name: index for index, name in enumerate(classes)}
    return Labels(np.array([number[str(folder)] for folder in folders], dtype=np.int64), tuple(classes))
