"""A plugin package to begin with."""

from pathlib import Path

from gancore.scaffold import write_package


def new(name: str, *, output: Path | str = ".") -> Path:
    """Writes a plugin package with a part, a recipe and tests that pass as written; returns its folder.

    Args:
        name: of the plugin, as mine: makes gancore-mine.
        output: where to put the package's folder.

    Raises:
        UserError: the name is not fit or taken, or there is something at that place already.
    """
    return write_package(name, Path(output))
