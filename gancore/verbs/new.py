"""Writes a new plugin package."""

from pathlib import Path

from gancore.scaffold import write_package


def new(name: str, *, output: Path | str = ".") -> Path:
    """Writes a plugin package with a part, a recipe and passing tests; returns its folder.

    Args:
        name: name of the plugin; mine makes gancore-mine.
        output: parent of the package folder.

    Raises:
        UserError: the name is invalid or taken, or the folder exists.
    """
    return write_package(name, Path(output))
