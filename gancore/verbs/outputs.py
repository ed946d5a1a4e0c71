"""Checks, before any work, that an output can be written."""

import os
from pathlib import Path


def check_file(path: Path) -> None:
    """Raises UserError if no file can be written there: it is a folder, or one of its parents is a file or
    may not be written in.
    """
    from gancore.errors import UserError

    if path.is_dir():
        raise UserError(f"{path} is a folder; give the name of a file")
    _check_parents(path)


def check_picture(path: Path) -> None:
    """Like `check_file`, for an image file, whose suffix must be that of a supported format."""
    from gancore.pictures.grid import format_of

    format_of(path)
    check_file(path)


def check_new_folder(path: Path) -> None:
    """Raises UserError if no new folder can be made there: something other than an empty folder exists, or
    one of its parents is a file.
    """
    from gancore.errors import UserError

    if not path.name or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
        raise UserError(f"{path} already exists; give a new folder")
    _check_parents(path)


def _check_parents(path: Path) -> None:
    from gancore.errors import UserError

    nearest = next((folder for folder in path.parents if folder.exists()), None)
    if nearest is not None and not nearest.is_dir():
        raise UserError(f"{nearest} is a file, so {path} cannot be written; give a path in a folder")
    if nearest is not None and not os.access(nearest, os.W_OK):
        raise UserError(f"you may not write in {nearest}, so {path} cannot be written; give another --output")
