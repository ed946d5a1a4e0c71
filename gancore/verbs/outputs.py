"""What can be seen of an output before any work: whether it could be written where the user says."""

from pathlib import Path


def check_file(path: Path) -> None:
    """Raises UserError where no file can stand: a folder is there, or one of its parents is a file."""
    from gancore.errors import UserError

    if path.is_dir():
        raise UserError(f"{path} is a folder; give the name of a file")
    _check_parents(path)


def check_picture(path: Path) -> None:
    """The same for a picture, whose name must end as a format of pictures does."""
    from gancore.pictures.grid import format_of

    format_of(path)
    check_file(path)


def check_new_folder(path: Path) -> None:
    """Raises UserError where no new folder can stand: something is there that is no empty folder, or one of
    its parents is a file.
    """
    from gancore.errors import UserError

    if not path.name or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
        raise UserError(f"{path} is there already; give a new folder")
    _check_parents(path)


def _check_parents(path: Path) -> None:
    from gancore.errors import UserError

    nearest = next((folder for folder in path.parents if folder.exists()), None)
    if nearest is not None and not nearest.is_dir():
        raise UserError(f"{nearest} is a file, so {path} cannot be written in it; give a name in a folder")
