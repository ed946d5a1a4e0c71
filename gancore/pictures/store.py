"""Writing a finished picture or page to disk."""

from pathlib import Path

from gancore.errors import RunError
from gancore.storage.files import reason, whole_file


def store(path: Path, content: bytes) -> None:
    """Write a file atomically; an existing file stays until the new content is complete.

    Raises:
        RunError: the disk is full, or the folder is missing or not writable.
    """
    try:
        with whole_file(path, len(content)) as aside:
            aside.write_bytes(content)
    except OSError as error:
        raise RunError(
            f"could not write {path}: {reason(error)}; an existing file is unchanged. Free some space "
            f"({len(content) / 1e6:.3g} MB are needed) or choose a writable folder."
        ) from error
