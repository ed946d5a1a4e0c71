"""What a folder of translations holds, and of what each of them was made: what is there already is not made
again, unless its source has changed, and never taken for something else.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Self

import attrs

from gancore.component.references import weights_hash
from gancore.data.files import Files
from gancore.data.source import Unreadable
from gancore.errors import UserError
from gancore.pipeline import Pipeline
from gancore.storage.exclusive import hold
from gancore.storage.files import sweep, write_text
from gancore.storage.inside import for_writing, is_folder, read_file, read_utf8
from gancore.verbs.translating.engine import Way
from gancore.verbs.words import given

RECORD = "translation.json"
"""The file in the folder that says how its images are made, so that another network does not add to them."""
SOURCES = "translation-sources.jsonl"
"""The file with a line for each translation that was begun: of what it is made."""


def record_of(pipeline: Pipeline, way: Way) -> dict[str, Any]:
    """What decides about the result; the device does not."""
    told = attrs.asdict(way, filter=attrs.filters.exclude("seed", "device", "same"))
    verb = {"verb": "upscale"} if way.same else {}
    return {"network": network_hash(pipeline), "seed": way.seed or 0, **given(**told), **verb}


def network_hash(pipeline: Pipeline) -> str:
    """Sixteen digits by which a pipeline is known, wherever it lies: of its parts and their weights."""
    total = sha256()
    for name, part in pipeline.parts.items():
        total.update(f"{name} {part!r} {weights_hash(part)}\n".encode())
    return total.hexdigest()[:16]


@attrs.frozen(kw_only=True)
class Kept:
    """The folder, what it is to be filled from, and the translations that were begun: a table of `place`,
    `name` and `mark` of the source, by name of the translation. To be closed.
    """

    folder: Path
    place: str
    begun: dict[str, dict[str, str]]
    notes: BinaryIO

    @classmethod
    def begin(cls, folder: Path, images: Path, record: dict[str, Any]) -> Self:
        """Makes the folder, or finds that it holds translations of the same kind, and removes what a killed
        process left incomplete.

        Raises:
            UserError: it lies in that of the images, is a file, holds something else, or is being filled.
        """
        if images.is_dir() and folder.resolve().is_relative_to(images.resolve()):
            raise UserError(f"{folder} is within {images}; give a folder elsewhere for the translations")
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file; give a folder")
        begun = _begun(folder, record)
        folder.mkdir(parents=True, exist_ok=True)
        single = images.is_file() and images.suffix.lower() != ".zip"
        place, notes = (images.parent if single else images).resolve(), _held(folder / SOURCES)
        for inner in (folder, *(path for path in folder.rglob("*") if is_folder(path))):
            sweep(inner)
        write_text(folder / RECORD, json.dumps(record, indent=1) + "\n")
        return cls(folder=folder, place=str(place), begun=begun, notes=notes)

    def close(self) -> None:
        """Lets others fill the folder."""
        self.notes.close()

    def present(self, target: Path, files: Files, name: str) -> bool:
        """Whether the translation of a file is there.

        Raises:
            Unreadable: something else is there under its name.
        """
        if not target.exists():
            return False
        known, here = self.begun.get(self._key(target)), self._source(files, name)
        if known is None:
            raise Unreadable(
                f"{target} is there already, and not by this command; move it, or give another folder"
            )
        if known["mark"] == here["mark"]:
            return True
        if (known["place"], known["name"]) != (here["place"], here["name"]):
            whose = Path(known["place"], known["name"])
            raise Unreadable(f"{target} is there already, made of {whose}; give another folder for this one")
        return False

    @contextmanager
    def making(self, target: Path, files: Files, name: str) -> Iterator[None]:
        """Notes of what a translation is made. A new one is noted before it is there, since what is there
        without a note is somebody else's; one that is replaced, afterwards, since until then it is the old
        one.
        """
        fresh = not target.exists()
        if fresh:
            self._note(target, files, name)
        yield
        if not fresh:
            self._note(target, files, name)

    def _note(self, target: Path, files: Files, name: str) -> None:
        line = json.dumps({"made": self._key(target), **self._source(files, name)})
        self.notes.write(f"{line}\n".encode())

    def _key(self, target: Path) -> str:
        return target.relative_to(self.folder).as_posix()

    def _source(self, files: Files, name: str) -> dict[str, str]:
        return {"place": self.place, "name": name, "mark": files.mark(name)}


def _begun(folder: Path, record: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What was begun in the folder, if it is of the same kind; nothing, if it holds no translations."""
    held = (
        [path for path in folder.iterdir() if path.name not in (RECORD, SOURCES)] if folder.is_dir() else []
    )
    known = _known(folder)
    if held and known != record:
        raise UserError(
            f"{folder} holds something else than these translations{_unlike(known, record)}; give a new "
            "folder, or the same network and options as before to continue"
        )
    return _lines(folder)


def _held(path: Path) -> BinaryIO:
    """The file, to be written to by this process alone, behind its last whole line."""
    file = open(for_writing(path), "ab", buffering=0)  # noqa: SIM115
    with suppress(OSError):  # a file system without locks
        if not hold(file.fileno()):
            file.close()
            raise UserError(f"another process fills {path.parent}; wait for it, or give another folder")
    file.write(b"" if not (text := read_file(path)) or text.endswith(b"\n") else b"\n")
    return file


def _known(folder: Path) -> Any:
    try:
        return json.loads(read_utf8(folder / RECORD))
    except (OSError, ValueError, RecursionError):
        return None


def _unlike(known: Any, record: dict[str, Any]) -> str:
    """In what they differ, in parentheses."""
    if not isinstance(known, dict):
        return ""
    names = [name for name in {**record, **known} if known.get(name) != record.get(name)]
    if "network" in names:
        return " (those of another network)"
    told = [f"{name} {known.get(name, 'by default')}, now {record.get(name, 'by default')}" for name in names]
    return f" ({'; '.join(told)})"


def _lines(folder: Path) -> dict[str, dict[str, str]]:
    """The last line of each translation; what is no such line, as one that was cut off, is left out."""
    try:
        text = read_utf8(folder / SOURCES)
    except (OSError, ValueError):
        return {}
    found = {}
    for line in text.splitlines():
        try:
            table = json.loads(line)
            found[table["made"]] = {key: str(table[key]) for key in ("place", "name", "mark")}
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return found
