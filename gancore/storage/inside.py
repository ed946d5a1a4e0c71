"""What lies in a folder that somebody else may have made: links, pipes and devices in it are refused, never
followed.
"""

import errno
import os
import stat
from pathlib import Path, PurePath

from gancore.errors import RunError, shown
from gancore.storage.text import decoded

LONGEST = 4096
"""Characters of a path that systems open."""
_GUARDED = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
"""What the system has of these."""


class NoFile(RunError, OSError):
    """A link, a pipe, a device or a folder stands where a file is opened; an OSError with its path."""

    def __str__(self) -> str:
        return shown(f"{self.filename} {self.strerror}; put the file itself there")


def inside(root: Path, *names: str) -> Path:
    """The path of a file or folder below `root`, which is there or not. The root itself may be a link: the
    user named it.

    Raises:
        RunError: a name leads out of the folder, or a step on the way is a link, a pipe or a device.
    """
    path = root
    if sum(map(len, names)) > LONGEST:
        raise RunError(f"{shown(os.path.join(*names), 100)!r} is longer than any path; it is not opened")
    for name in (step for several in names for step in PurePath(several).parts):
        if name == ".." or PurePath(name).is_absolute():
            raise RunError(f"{os.path.join(*names)!r} leads out of {root}; it is not opened")
        path = path / name
        if why := odd(path):
            raise RunError(f"{path} {why}; nothing in {root} is followed: put the file itself there")
    return path


def odd(path: Path) -> str:
    """Why a path is not to be opened: it is neither a file nor a folder. Empty where it is, or is not
    there.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return ""
    except ValueError:  # a NUL, or half of a character
        return "is no name of a file"
    if stat.S_ISLNK(mode):
        return "is a symbolic link"
    return "" if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else "is no regular file"


def is_folder(path: Path) -> bool:
    """Whether a path is a folder, and not a link to one."""
    return path.is_dir() and not path.is_symlink()


def no_follow(path: str | os.PathLike[str], flags: int) -> int:
    """Opens a regular file, for `open(…, opener=no_follow)`. Raises NoFile for a link, pipe or device."""
    try:
        file = os.open(path, flags | _GUARDED, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise _refused(path, odd(Path(path)) or "is a folder") from None
        raise
    mode = os.fstat(file).st_mode
    if not stat.S_ISREG(mode):
        os.close(file)
        raise _refused(path, "is a folder" if stat.S_ISDIR(mode) else "is no regular file")
    return file


def for_writing(path: Path) -> int:
    """Opens a file to write in place, made where it is not there.

    Raises:
        OSError: as `no_follow`, or the file has a second name, by which something else would change.
    """
    file = no_follow(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    if os.fstat(file).st_nlink > 1:
        os.close(file)
        raise _refused(path, "is a hard link to another file; put a copy in its place")
    return file


def read_file(path: Path) -> bytes:
    """The content of a regular file. Raises OSError as `no_follow`."""
    with open(path, "rb", opener=no_follow) as file:
        return file.read()


def read_utf8(path: Path) -> str:
    """The text of a regular file. Raises OSError as `no_follow`, and UnicodeDecodeError."""
    return decoded(read_file(path))


def _refused(path: str | os.PathLike[str], why: str) -> NoFile:
    return NoFile(errno.EPERM, why, os.fspath(path))
