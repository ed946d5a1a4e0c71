"""What the shell offers when Tab is pressed: run folders, and names of parts, which take as long as torch."""

from collections.abc import Callable, Iterator
from pathlib import Path

from gancore.storage.names import SAVED, SETTINGS

Completer = Callable[[str], list[str]]


def run_folders(incomplete: str) -> list[str]:
    """Runs and saved pipelines whose path begins so, and those in the folders whose path does."""
    beginning = incomplete.rpartition("/")
    parent = Path(f"{beginning[0]}{beginning[1]}").expanduser()
    try:
        found = sorted({run for folder in parent.glob(f"{beginning[2]}*") for run in _runs_at(folder)})
    except (OSError, ValueError):
        return []
    return [str(path) for path in found]


def part_names(kind: str) -> Completer:
    """Completes names of one kind."""

    def names(incomplete: str) -> list[str]:
        from gancore.verbs.list_parts import list_parts

        return _beginning(incomplete, (part.name for part in list_parts(kind)))

    return names


def kinds(incomplete: str) -> list[str]:
    """Completes the kinds of parts."""
    from gancore.verbs.list_parts import list_parts

    return _beginning(incomplete, (part.kind for part in list_parts()))


def recipes(incomplete: str) -> list[str]:
    """Completes names of recipes, and their files."""
    return [*_files(incomplete), *part_names("recipe")(incomplete)]


def words(*known: str) -> Completer:
    """Completes some words."""
    return lambda incomplete: _beginning(incomplete, known)


def _beginning(incomplete: str, known: Iterator[str] | tuple[str, ...]) -> list[str]:
    return sorted({word for word in known if word.startswith(incomplete)})


def _files(incomplete: str) -> list[str]:
    try:
        return sorted(str(path) for path in Path().glob(f"{incomplete}*.toml"))
    except (OSError, ValueError, NotImplementedError):
        return []


def _runs_at(folder: Path) -> Iterator[Path]:
    for place in (folder, *(folder.iterdir() if folder.is_dir() else ())):
        if (place / SETTINGS).is_file() or (place / SAVED).is_file():
            yield place
