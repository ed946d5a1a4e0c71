"""Folders and zips with a common interface: named files, read one at a time, never extracted."""

import hashlib
import os
import stat
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gancore.data.source import Unreadable
from gancore.data.unpacked import bloated
from gancore.errors import DataError
from gancore.progress import tell

MAX_MEMBER = 256 * 2**20
LEFT_BEHIND = frozenset(
    {
        "__MACOSX",
        "@eaDir",
        "@Recycle",
        "@Recently-Snapshot",
        "#recycle",
        "#snapshot",
        "$RECYCLE.BIN",
        "System Volume Information",
        "lost+found",
    }
)
"""Names of folders that operating systems and network drives make beside people's own."""
ENCRYPTED = 1
"""The flag of a member of a zip that needs a password."""
MAX_NAME, MAX_DEPTH = 4096, 100
"""Characters and folders of a name in a zip; no file system holds longer ones."""


class Files(ABC):
    """Named files; names use forward slashes and are sorted."""

    title: str
    names: list[str]
    folders: Sequence[str] = ()
    linked: Sequence[str] = ()
    """Links to folders, which are not followed."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Raises Unreadable with the reason."""

    def open(self, name: str) -> BinaryIO:
        """The content, to be read piece by piece. Raises Unreadable with the reason."""
        return BytesIO(self.read(name))

    @abstractmethod
    def mark(self, name: str) -> str:
        """What another content of the file would change, without reading it. Raises Unreadable."""

    def digest(self, names: Sequence[str] | None = None) -> str:
        """A hash over the names and contents of these files; default: of all."""
        total = hashlib.sha256()
        wanted = self.names if names is None else names
        for index, name in enumerate(wanted):
            tell(f"reading the files of {self.title}", index, len(wanted))
            try:
                content = hashlib.sha256(self.read(name)).hexdigest()
            except Unreadable as error:
                content = f"unreadable {error}"
            total.update(f"{len(name)} {name} {content}\n".encode("utf-8", "surrogateescape"))
        return total.hexdigest()

    def close(self) -> None:
        """Closes open files."""


class FolderFiles(Files):
    """All files below a folder; hidden ones and what systems leave behind are ignored, and links to folders
    are not followed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.title = f"folder {folder}"
        self.names, self.folders, self.linked = _walk(folder)

    def read(self, name: str) -> bytes:
        """The whole content."""
        path = self.folder / name
        try:
            size = path.stat().st_size
            if size > MAX_MEMBER:
                raise Unreadable(f"the file has {size} bytes, above the limit of {MAX_MEMBER}")
            return path.read_bytes()
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from error

    def open(self, name: str) -> BinaryIO:
        """The file itself, of whatever size."""
        try:
            return (self.folder / name).open("rb")
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from error

    def mark(self, name: str) -> str:
        """Its bytes, and when it was changed."""
        try:
            found = (self.folder / name).stat()
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from error
        return f"{found.st_size} bytes of {found.st_mtime_ns}"


class OneFile(FolderFiles):
    """A single file, named as in its folder."""

    def __init__(self, path: Path) -> None:
        self.folder, self.title, self.names = path.parent, f"file {path}", [path.name]


def _walk(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """The files below a folder, also links that lead nowhere; the folders; and the links to folders."""
    found: list[str] = []
    inner: list[str] = []
    linked: list[str] = []

    def refuse(error: OSError) -> None:
        raise DataError(
            f"folder {error.filename} cannot be listed ({error.strerror}); make it readable, or move it away"
        ) from error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not _hidden(name)]
        below = Path(parent).relative_to(folder)
        inner += [(below / name).as_posix() for name in folders]
        linked += [(below / name).as_posix() for name in folders if (Path(parent) / name).is_symlink()]
        found += [
            (below / name).as_posix() for name in files if not _hidden(name) and _is_file(Path(parent) / name)
        ]
    return sorted(found), sorted(inner), sorted(linked)


def _is_file(path: Path) -> bool:
    """Whether it is one, or a link that leads nowhere, which then is said of it."""
    return path.is_file() or (path.is_symlink() and not path.exists())


class ZipFiles(Files):
    """The members of a zip, read by name.

    Raises:
        DataError: not a zip, or one with absolute, endless or equal names, `..`, links, members above 256
        MiB, or members that share their bytes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.title = f"zip {path}"
        try:
            self.archive = zipfile.ZipFile(path)
        # A damaged directory makes zipfile throw more than BadZipFile: struct.error, ValueError,
        # UnicodeDecodeError, NotImplementedError.
        except Exception as error:
            raise DataError(
                f"{path} cannot be read as a zip ({error}); expected a whole zip of images; make it again"
            ) from error
        self.members: dict[str, zipfile.ZipInfo] = {}
        self.inner: list[str] = []
        try:
            for member in self.archive.infolist():
                self.admit(member)
            self.refuse_shared()
        except DataError:
            self.close()
            raise
        self.names = sorted(name for name in self.members if not _hidden(name))
        self.folders = sorted(name for name in self.inner if not _hidden(name))

    def admit(self, member: zipfile.ZipInfo) -> None:
        """Adds one member, or refuses the zip because of it."""
        name, reason = _plain(member.filename), hostile(member)
        if name in self.members:
            reason = "it is there twice"
        if reason:
            raise DataError(
                f"{self.path}: member {member.filename!r} is refused: {reason}; "
                "make the zip again from plain files"
            )
        if name.endswith("/"):
            self.inner.append(name.rstrip("/"))
        else:
            self.members[name] = member

    def refuse_shared(self) -> None:
        """Raises DataError if members overlap: they are more bytes than the file."""
        held = self.path.stat().st_size
        # larger ones are lies, and cannot be read
        packed = sum(m.compress_size for m in self.members.values() if m.compress_size <= held)
        if packed > held:
            raise DataError(
                f"{self.path}: its members take {packed} bytes, and the file has {held}: they overlap; "
                "make the zip again from plain files"
            )

    def read(self, name: str) -> bytes:
        """The whole content."""
        if why := bloated(self.members[name].file_size, self.members[name].compress_size):
            raise Unreadable(why)
        if self.members[name].flag_bits & ENCRYPTED:
            raise Unreadable("it is encrypted; unpack the zip with its password, and give the folder")
        try:
            with self.archive.open(self.members[name]) as file:
                data = file.read(MAX_MEMBER + 1)
        # Bad CRC, unknown compression, lying sizes: BadZipFile, RuntimeError,
        # NotImplementedError, zlib.error, EOFError.
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        if len(data) != self.members[name].file_size:
            raise Unreadable(f"{len(data)} bytes, but the zip says {self.members[name].file_size}")
        return data

    def mark(self, name: str) -> str:
        """Its bytes and their checksum."""
        return f"{self.members[name].file_size} bytes of {self.members[name].CRC:08x}"

    def digest(self, names: Sequence[str] | None = None) -> str:
        """A hash of the zip itself, which is cheaper than one over its files."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def close(self) -> None:
        """Close the zip."""
        self.archive.close()


def _plain(name: str) -> str:
    """The name of a member with forward slashes and without the `./` that some archive makers begin with."""
    return name.replace("\\", "/").removeprefix("./")


def _hidden(name: str) -> bool:
    return any(piece.startswith(".") or piece in LEFT_BEHIND for piece in name.split("/"))


def hostile(member: zipfile.ZipInfo) -> str | None:
    """Why a member is refused, None if it is not."""
    name = member.filename
    # zipfile truncates names at NUL and converts the system's separator, so the stored name is checked.
    # Windows tools write backslashes, against the specification of zip.
    stored = getattr(member, "orig_filename", name).replace("\\", "/")
    if len(stored) > MAX_NAME or stored.count("/") > MAX_DEPTH:
        return f"its name has more than {MAX_NAME} characters or {MAX_DEPTH} folders"
    if not name or "\0" in stored:
        return "its name is empty or holds a NUL"
    if stored.startswith("/") or (len(stored) > 1 and stored[1] == ":"):
        return "its name is absolute"
    if ".." in PurePosixPath(stored).parts:
        return "its name leads out of the zip"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link"
    if member.file_size > MAX_MEMBER:
        return f"it has {member.file_size} bytes, above the limit of {MAX_MEMBER}"
    return None
