"""A folder or zip of image files as a source."""

from gancore.data.class_folders import (
    astray,
    folder_labels,
    folder_notes,
    split_labels,
    split_notes,
    without_runs,
)
from gancore.data.decode import OTHER_PICTURES, READABLE, SUFFIXES, decode, measure, picture_suffix
from gancore.data.files import Files
from gancore.data.labels import Labels, json_labels, some
from gancore.data.source import Raw, Source, Unreadable
from gancore.data.vectors import NAMES, VECTORS, read_npy, vector_labels
from gancore.errors import DataError

LABEL_FILE = "dataset.json"


class Pictures(Source):
    """All image files of a folder or zip, by name.

    Raises:
        DataError: there are none.
    """

    def __init__(self, files: Files, title: str | None = None) -> None:
        self.files = files
        self.title = title or files.title
        self.inside = without_runs(files.names)
        self.names = [name for name in self.inside if picture_suffix(name) in SUFFIXES | OTHER_PICTURES]
        used = {*self.names, *self.label_files()}
        others = [name for name in self.inside if name not in used]
        notes = [f"{len(others)} other files ignored: {some(others)}"] if others else []
        notes += [f"links to folders not followed: {some(files.linked)}"] if files.linked else []
        notes += ["runs in it left out"] if len(self.inside) < len(files.names) else []
        self.notes = (*notes, *split_notes(self.names))
        if not self.names:
            files.close()
            if files.names and not self.inside:
                raise DataError(
                    f"{self.title} is a run or a saved pipeline, whose pictures are no data; give the images "
                    "that you want, or a folder of samples in it"
                )
            raise DataError(
                f"{self.title} holds no pictures among its {len(self.inside)} files; {READABLE}; "
                "give a folder or zip that holds some"
            )

    def label_file(self, wanted: str = LABEL_FILE) -> str | None:
        """The dataset.json, or another file of labels, nearest to the root."""
        found = [name for name in self.inside if name.split("/")[-1] == wanted]
        return min(found, key=lambda name: (name.count("/"), name), default=None)

    def label_files(self) -> list[str]:
        """The files of labels that "auto" reads: dataset.json, else labels.npy and labels.txt."""
        if file := self.label_file():
            return [file]
        file = self.label_file(VECTORS)
        beside = "" if file is None else file.removesuffix(VECTORS) + NAMES
        return [name for name in (file, beside) if name in self.inside and name]

    def read(self, index: int) -> Raw:
        """One decoded image."""
        return decode(self._content(index))

    def _content(self, index: int) -> bytes:
        name = self.names[index]
        if picture_suffix(name) in OTHER_PICTURES:
            raise Unreadable(f"{picture_suffix(name)} files are not read ({READABLE})")
        return self.files.read(name)

    def measure(self, index: int) -> tuple[int, int, bool, bool]:
        """Of one picture, from its header."""
        return measure(self._content(index))

    def digest(self) -> str:
        """A hash over all images."""
        return self.files.digest(self.names)

    def older_digest(self) -> str:
        """The hash over all files, by which earlier versions knew the data."""
        return self.files.digest()

    def close(self) -> None:
        """Closes open files."""
        self.files.close()

    def labels(self, how: str) -> Labels | None:
        """Labels by "auto" (dataset.json, else labels.npy, else class folders, else none) or "folders"."""
        files = self.label_files()
        if how == "folders" or not files:
            return self._of_folders(how)
        file, *beside = files
        above = file.rpartition("/")[0]
        images = [name.removeprefix(f"{above}/" if above else "") for name in self.names]
        content, where = self._read(file), f"{self.title}: {file}"
        if file.endswith(VECTORS):
            names = self._read(beside[0]) if beside else None
            names_from = f"{self.title}: {beside[0]}" if beside else ""
            return vector_labels(read_npy(content, where), names, images, where, names_from)
        return json_labels(content, images, where)

    def _of_folders(self, how: str) -> Labels | None:
        found = folder_labels(self.names)
        if how == "folders" and found is None:
            found = split_labels(self.names)
        if how == "folders" and found is None:
            beside = astray(self.names)
            told = f" (not so: {some(beside)})" if beside else ""
            raise DataError(
                f"{self.title}: labels='folders' needs every image in one of at least two class folders"
                f"{told}; sort them, or labels='none'"
            )
        self.notes = (*self.notes, *folder_notes(self.names, self.files.folders))
        return found

    def _read(self, file: str) -> bytes:
        try:
            return self.files.read(file)
        except Unreadable as error:
            raise DataError(
                f"{self.title}: {file} cannot be read ({error}); mend it, or use labels='none'"
            ) from error
