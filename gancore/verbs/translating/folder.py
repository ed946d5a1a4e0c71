"""A folder of pictures and videos, translated file by file into another one."""

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import attrs

from gancore.data.class_folders import without_runs
from gancore.data.decode import OTHER_PICTURES, READABLE, SUFFIXES, picture_suffix
from gancore.data.files import Files, FolderFiles, OneFile, ZipFiles
from gancore.data.pictures import Pictures
from gancore.data.png.writing import written_png
from gancore.data.rows import open_rows
from gancore.data.source import Unreadable
from gancore.errors import DataError, UserError
from gancore.pipeline import Pipeline, global_layers
from gancore.progress import Progress
from gancore.storage.files import distinct, write_text
from gancore.verbs.loading import Run
from gancore.verbs.translating.engine import Engine, Way
from gancore.verbs.translating.strips import Translation
from gancore.verbs.translating.video import VIDEOS, translate_video, video_suffix
from gancore.verbs.words import given

RECORD = "translation.json"
"""The file in the output folder that says how its images were made, so that another run does not add to them.
"""
PRESENT = "there already"


@attrs.frozen(kw_only=True, repr=False)
class Translations:
    """What became of a folder of images.

    Attributes:
        path: the folder with the translations.
        written: names of the files that were translated.
        present: names of the files whose translation was there already.
        refused: names of the others, with the reason.
        notes: what else is to be known of them.
    """

    path: Path
    written: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        notes = [f"{len(self.present)} were there already"] if self.present else []
        notes += [f"{len(self.refused)} could not be translated"] if self.refused else []
        return ", ".join([f"{len(self.written)} translations in {self.path}", *notes])

    __repr__ = __str__


def translate_folder(
    run: Run, images: str | os.PathLike[str], way: Way, output: Path | str, progress: Progress
) -> Translations:
    """Translates what is in the folder, zip or file into PNG files and videos of the same names. Raises as
    `gancore.translate`.
    """
    engine, folder = Engine.of(run, way), Path(output)
    files = _source(Path(images))
    try:
        names = _names(files)
        _begin(folder, Path(images), _record(run, way))
        work, done = _Work(engine, files, folder, progress), Translations(path=folder)
        with engine.running():
            for i, (name, reason) in enumerate(work.each(names)):
                progress("images", i + 1, len(names))
                done = _noted(done, name, reason)
        return attrs.evolve(done, notes=_notes(engine) if work.tiled else ())
    finally:
        files.close()


def _noted(done: Translations, name: str, reason: str) -> Translations:
    if not reason:
        return attrs.evolve(done, written=(*done.written, name))
    if reason == PRESENT:
        return attrs.evolve(done, present=(*done.present, name))
    return attrs.evolve(done, refused=(*done.refused, (name, reason)))


def _notes(engine: Engine) -> tuple[str, ...]:
    found = global_layers(engine.pipeline)
    if not found:
        return ()
    name = engine.pipeline.generator.qualified_name
    return (
        f"{name} has layers that look at all of what they read ({', '.join(found)}), here at each tile: "
        "tones may differ from tile to tile; give --tile 0 for whole images, which takes more memory",
    )


class _Work:
    """Files, one after the other; `tiled` says whether one of them was cut into tiles."""

    def __init__(self, engine: Engine, files: Files, folder: Path, progress: Progress) -> None:
        self.engine, self.files, self.folder, self.progress = engine, files, folder, progress
        self.tiled = False

    def each(self, names: list[str]) -> Iterator[tuple[str, str]]:
        """Each file's name, and why it was not translated, empty where it was."""
        stems = distinct([str(PurePosixPath(name).with_suffix("")) for name in names])
        for name, stem in zip(names, stems, strict=True):
            target = self.folder / f"{stem}{self._suffix(name)}"
            if target.exists():
                yield name, PRESENT
                continue
            try:
                self._file(name, target)
            except (Unreadable, DataError) as error:
                yield name, str(error)
            else:
                yield name, ""

    def _suffix(self, name: str) -> str:
        suffix = PurePosixPath(name).suffix.lower()
        return video_suffix(suffix) if suffix in VIDEOS else ".png"

    def _file(self, name: str, target: Path) -> None:
        if PurePosixPath(name).suffix.lower() in VIDEOS:
            self._video(name, target)
        elif picture_suffix(name) in OTHER_PICTURES:
            raise Unreadable(f"{picture_suffix(name)} files are not read ({READABLE})")
        else:
            self._picture(name, target)

    def _picture(self, name: str, target: Path) -> None:
        with self.files.open(name) as file:
            made = Translation(self.engine, open_rows(file))
            self.tiled |= made.tiles > 1
            target.parent.mkdir(parents=True, exist_ok=True)
            sides = (made.height, made.width, made.colors.count, made.colors.bits)
            with written_png(target, *sides, made.profile) as png:
                for strip in made.strips(self._counted(name, made.tiles)):
                    png.rows(strip)

    def _counted(self, name: str, tiles: int) -> Any:
        done = iter(range(1, tiles + 1))
        return lambda: self.progress(f"tiles of {name}", next(done), tiles) if tiles > 1 else None

    def _video(self, name: str, target: Path) -> None:
        if not isinstance(self.files, FolderFiles):
            raise Unreadable("videos in a zip are not read; unpack it, and give the folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        progress = self.progress
        translate_video(
            self.engine,
            self.files.folder / name,
            target,
            lambda count: progress(f"frames of {name}", count, 0),
        )


def _source(path: Path) -> Files:
    if path.is_dir():
        return FolderFiles(path)
    if path.suffix.lower() == ".zip" and path.is_file():
        return ZipFiles(path)
    if path.is_file() and (picture_suffix(path.name) in SUFFIXES or path.suffix.lower() in VIDEOS):
        return OneFile(path)
    lacks = "is not a folder or zip of images" if path.exists() else "is not there"
    raise DataError(f"{path} {lacks}; give a folder or zip of image files, or an image file")


def _names(files: Files) -> list[str]:
    """Pictures and videos; where there are none, `Pictures` says so."""
    wanted = SUFFIXES | OTHER_PICTURES
    found = [
        name
        for name in without_runs(files.names)
        if picture_suffix(name) in wanted or PurePosixPath(name).suffix.lower() in VIDEOS
    ]
    return found or Pictures(files).names


def _record(run: Run, way: Way) -> dict[str, Any]:
    """What decides about the result; the device does not."""
    where = "" if isinstance(run, Pipeline) else str(Path(run).resolve())
    told = given(**attrs.asdict(way, filter=attrs.filters.exclude("seed", "device", "same")))
    return {"run": where, "seed": way.seed or 0, **told, **({"verb": "upscale"} if way.same else {})}


def _begin(folder: Path, images: Path, record: dict[str, Any]) -> None:
    """Makes the folder, or finds that it holds translations of the same kind."""
    if images.is_dir() and folder.resolve().is_relative_to(images.resolve()):
        raise UserError(f"{folder} is within {images}; give a folder elsewhere for the translations")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; give a folder")
    if folder.is_dir() and any(folder.iterdir()) and _known(folder) != record:
        raise UserError(
            f"{folder} holds something else than these translations; give a new folder, "
            "or the same run and options as before to continue"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / RECORD, json.dumps(record, indent=1) + "\n")


def _known(folder: Path) -> Any:
    try:
        return json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
