"""A folder or zip of image files as a source."""

from functools import cached_property
from pathlib import PurePosixPath

from gancore.data.decode import OTHER_PICTURES, READABLE, SUFFIXES, decode
from gancore.data.files import Files
from gancore.data.labels import Labels, folder_labels, json_labels
from gancore.data.source import Raw, Source, Unreadable
from gancore.errors import DataError

LABEL_FILE = "dataset.json"


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


class Pictures(Source):
    """All image files of a folder or zip, by name.

    Raises:
        DataError: there are none.
    """

    def __init__(self, files: Files, title: str | None = None) -> None:
        self.files = files
        self.title = title or files.title
        self.names = [name for name in files.names if _suffix(name) in SUFFIXES | OTHER_PICTURES]
        others = len(files.names) - len(self.names) - (1 if self.label_file() else 0)
        self.notes = (f"{others} other files ignored",) if others else ()
        if not self.names:
            files.close()
            raise DataError(
                f"{self.title} holds no pictures among its {len(files.names)} files; {READABLE}; "
                "give a folder or zip that holds some"
            )

    def label_file(self) -> str | None:
        """The dataset.json nearest to the root."""
        found = [name for name in self.files.names if name.split("/")[-1] == LABEL_FILE]
        return min(found, key=lambda name: (name.count("/"), name), default=None)

    def read(self, index: int) -> Raw:
        """One decoded image."""
        name = self.names[index]
        if _suffix(name) in OTHER_PICTURES:
            raise Unreadable(f"{_suffix(name)} files are not read ({READABLE})")
        return decode(self.files.read(name))

    def digest(self) -> str:
        """A hash over all files."""
        return self.content

    @cached_property
    def content(self) -> str:
        """The hash, computed once."""
        return self.files.digest()

    def close(self) -> None:
        """Closes open files."""
        self.files.close()

    def labels(self, how: str) -> Labels | None:
        """Labels by "auto" (dataset.json, else class folders, else none) or "folders"."""
        file = self.label_file()
        if how == "folders" or file is None:
            found = folder_labels(self.names)
            if found is None and how == "folders":
                raise DataError(
                    f"{self.title}: labels='folders' needs every image in one of at least two class folders; "
                    "sort them, or labels='none'"
                )
            return found
        try:
            content = self.files.read(file)
        except Unreadable as error:
            raise DataError(
                f"{self.title}: {file} cannot be read ({error}); mend it, or use labels='none'"
            ) from error
        above = file[: -len(LABEL_FILE)]
        return json_labels(
            content, [name.removeprefix(above) for name in self.names], f"{self.title}: {file}"
        )
