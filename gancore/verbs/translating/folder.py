"""A folder of pictures and videos, translated file by file into another one."""

import errno
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

import attrs

from gancore.data.class_folders import without_runs
from gancore.data.decode import OTHER_PICTURES, READABLE, SUFFIXES, frames, picture_suffix
from gancore.data.files import Files, FolderFiles, OneFile, ZipFiles
from gancore.data.labels import some
from gancore.data.pictures import Pictures
from gancore.data.png.writing import written_png
from gancore.data.rows import open_rows
from gancore.data.source import Unreadable
from gancore.errors import DataError, RunError, UserError
from gancore.pipeline import Pipeline, global_layers
from gancore.progress import Progress
from gancore.runs.identity import source_from_around
from gancore.storage.files import distinct
from gancore.verbs.loading import Run
from gancore.verbs.translating.engine import Engine, Way
from gancore.verbs.translating.kept import Kept, record_of
from gancore.verbs.translating.strips import Translation
from gancore.verbs.translating.video import VIDEOS, translate_video, video_suffix

PRESENT = "there already"
NOT_PHOTOS = {"edges": "edges", "left": "the left halves of images", "right": "the right halves of images"}
"""Sources of training that are usually not what there is to be translated."""
ANIMATED = (".png", ".apng", ".webp")
"""Suffixes of files of which only the first image is taken, if they have several."""
OF_THE_NAME = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)
"""Numbers of the errors that a single file has, by its name; others, as that of a full disk, come to all."""


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
        plural = "" if len(self.written) == 1 else "s"
        return ", ".join([f"{len(self.written)} translation{plural} in {self.path}", *notes])

    __repr__ = __str__


def translate_folder(
    run: Run, images: str | os.PathLike[str], way: Way, output: Path | str, progress: Progress
) -> Translations:
    """Translates what is in the folder, zip or file into PNG files and videos of the same names. Raises as
    `gancore.translate`.
    """
    engine, folder = Engine.of(run, way), Path(output)
    place = _place(images)
    files = _source(place)
    try:
        names = _names(files)
        with closing(Kept.begin(folder, place, record_of(engine.pipeline, way))) as kept:
            work, done = _Work(engine, files, kept, progress), Translations(path=folder)
            with engine.running():
                for i, (name, reason) in enumerate(work.each(names)):
                    progress("images", i + 1, len(names))
                    done = _noted(done, name, reason)
        return attrs.evolve(done, notes=(*work.notes(), *_left_out(files, names), *_learned(run, way)))
    finally:
        files.close()


def _noted(done: Translations, name: str, reason: str) -> Translations:
    if not reason:
        return attrs.evolve(done, written=(*done.written, name))
    if reason == PRESENT:
        return attrs.evolve(done, present=(*done.present, name))
    return attrs.evolve(done, refused=(*done.refused, (name, reason)))


def _left_out(files: Files, names: list[str]) -> Iterator[str]:
    """Notes of what lies beside the images."""
    taken = set(names)
    if others := [name for name in files.names if name not in taken]:
        yield f"{len(others)} other file{'s' * (len(others) > 1)} left out: {some(others)}"
    if files.linked:
        yield f"links to folders are not followed: {some(files.linked)}"


def _learned(run: Run, way: Way) -> Iterator[str]:
    """A note where the run learned from sources that these images are not likely to be."""
    learned = None if isinstance(run, Pipeline) else source_from_around(Path(run))
    if way.source_from is None and learned in NOT_PHOTOS:
        yield (
            f"the sources of its training were {NOT_PHOTOS[learned]}; if these images are others, give "
            f"--source-from {learned}"
        )


class _Work:
    """Files, one after the other.

    Attributes:
        tiled: whether one of them was cut into tiles.
        animated: names of those of which only the first image was taken.
    """

    def __init__(self, engine: Engine, files: Files, kept: Kept, progress: Progress) -> None:
        self.engine, self.files, self.kept, self.progress = engine, files, kept, progress
        self.tiled = False
        self.animated: list[str] = []

    def each(self, names: list[str]) -> Iterator[tuple[str, str]]:
        """Each file's name, and why it was not translated, empty where it was."""
        for name, target in zip(names, _targets(names), strict=True):
            try:
                there = self.kept.present(self.kept.folder / target, self.files, name)
                if not there:
                    self._file(name, self.kept.folder / target)
            except (Unreadable, DataError) as error:
                yield name, str(error)
            except (OSError, RunError) as error:
                if (reason := _of_the_name(error)) is None:
                    raise
                yield name, reason
            else:
                yield name, PRESENT if there else ""

    def notes(self) -> Iterator[str]:
        """What is to be known of the translations."""
        if self.animated:
            yield f"of animations the first image alone was taken: {some(self.animated)}"
        found = global_layers(self.engine.pipeline)
        if self.tiled and found:
            name = self.engine.pipeline.generator.qualified_name
            yield (
                f"{name} has layers that look at all of what they read ({', '.join(found)}), here at each "
                "tile: tones may differ from tile to tile; give --tile 0 for whole images, which takes more "
                "memory"
            )

    def _file(self, name: str, target: Path) -> None:
        if picture_suffix(name) in OTHER_PICTURES:
            raise Unreadable(f"{picture_suffix(name)} files are not read ({READABLE})")
        make = self._video if is_video(name) else self._picture
        with self.kept.making(target, self.files, name):
            make(name, target)

    def _picture(self, name: str, target: Path) -> None:
        with self.files.open(name) as file:
            made = Translation(self.engine, open_rows(file))
            target.parent.mkdir(parents=True, exist_ok=True)
            sides = (made.height, made.width, made.colors.count, made.colors.bits)
            with written_png(target, *sides, made.profile) as png:
                for strip in made.strips(self._counted(name, made.tiles)):
                    png.rows(strip)
            self.tiled |= made.tiles > 1
            if picture_suffix(name) in ANIMATED and frames(file) > 1:
                self.animated.append(name)

    def _counted(self, name: str, tiles: int) -> Any:
        done = iter(range(1, tiles + 1))
        return lambda: self.progress(f"tiles of {name}", next(done), tiles) if tiles > 1 else None

    def _video(self, name: str, target: Path) -> None:
        if not isinstance(self.files, FolderFiles):
            raise Unreadable("videos in a zip are not read; unpack it, and give the folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        progress = self.progress
        self.tiled |= translate_video(
            self.engine,
            self.files.folder / name,
            target,
            lambda count: progress(f"frames of {name}", count, 0),
        )


def is_video(name: str) -> bool:
    """Whether a file is one by its name."""
    return PurePosixPath(name).suffix.lower() in VIDEOS


def _targets(names: list[str]) -> list[str]:
    """The name of each translation: that of its source with another suffix, or behind its own suffix where
    several sources differ in nothing else.
    """
    stems = [str(PurePosixPath(name).with_suffix("")) for name in names]
    times = Counter(stems)
    plain = [stem if times[stem] == 1 else name for stem, name in zip(stems, names, strict=True)]
    return [f"{stem}{_suffix(name)}" for stem, name in zip(distinct(plain), names, strict=True)]


def _suffix(name: str) -> str:
    return video_suffix(PurePosixPath(name).suffix.lower()) if is_video(name) else ".png"


def _of_the_name(error: OSError | RunError) -> str | None:
    """Why a file cannot be written under its name; None if that is not the reason."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if not isinstance(cause, OSError) or cause.errno not in OF_THE_NAME:
        return None
    return f"its translation cannot have its name ({cause.strerror}); rename it"


def _place(images: Any) -> Path:
    if not isinstance(images, str | os.PathLike) or not os.fspath(images):
        given = repr(images) if isinstance(images, str) else f"a {type(images).__name__}"
        raise UserError(
            f"the images are {given}; give the path of a folder or zip of image files, or of an image file. "
            "What lies in memory is translated by gancore.pipeline.translated"
        )
    return Path(images).expanduser()


def _source(path: Path) -> Files:
    if path.is_dir():
        return FolderFiles(path)
    if path.suffix.lower() == ".zip" and path.is_file():
        return ZipFiles(path)
    if path.is_file() and (picture_suffix(path.name) in SUFFIXES | OTHER_PICTURES or is_video(path.name)):
        return OneFile(path)
    lacks = "is not a folder or zip of images" if path.exists() else "is not there"
    raise DataError(f"{path} {lacks}; give a folder or zip of image files, or an image file")


def _names(files: Files) -> list[str]:
    """Pictures and videos; where there are none, `Pictures` says so."""
    wanted = SUFFIXES | OTHER_PICTURES
    found = [name for name in without_runs(files.names) if picture_suffix(name) in wanted or is_video(name)]
    return found or Pictures(files).names
