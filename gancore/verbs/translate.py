"""Translates a folder of images, file by file."""

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import attrs
from torch import Tensor

from gancore.data import ImageOptions
from gancore.data.decode import SUFFIXES, picture_suffix
from gancore.data.files import FolderFiles, OneFile, ZipFiles
from gancore.data.fitting import as_image
from gancore.data.pictures import Pictures
from gancore.data.source import Unreadable
from gancore.errors import DataError, UserError
from gancore.latent.wanted_label import Wanted, wanted_label
from gancore.pictures.grid import save, to_pil
from gancore.pipeline import Pipeline, translated
from gancore.progress import Progress, tell
from gancore.storage.files import distinct, write_text
from gancore.verbs.loading import Run, load
from gancore.verbs.words import given

RECORD = "translation.json"
"""The file in the output folder that says how its images were made, so that another run does not add to them.
"""


@attrs.frozen(kw_only=True, repr=False)
class Translations:
    """What became of a folder of images.

    Attributes:
        path: the folder with the translations.
        written: names of the files that were translated.
        present: names of the files whose translation was there already.
        refused: names of the others, with the reason.
    """

    path: Path
    written: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        notes = [f"{len(self.present)} were there already"] if self.present else []
        notes += [f"{len(self.refused)} could not be translated"] if self.refused else []
        return ", ".join([f"{len(self.written)} translations in {self.path}", *notes])

    __repr__ = __str__


def translate(
    run: Run,
    images: str | os.PathLike[str],
    *,
    label: Wanted | None = None,
    fit: str | None = None,
    seed: int | None = None,
    pipeline: str | None = None,
    output: Path | str,
    progress: Progress = tell,
) -> Translations:
    """Translates the image files of a folder with a trained translator into a folder of PNG files.

    Names and folders are kept. Images keep their size, times the factor of the generator, if it reads any
    size; otherwise each must have its size, unless `fit` says what to do. A file that cannot be read or does
    not fit is named in the result, and the others are translated. Translations that are there already are
    not made again, so that the same call continues where it was stopped.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        images: a folder or zip of image files, or one image file.
        label: class of all images, its name, or a row of numbers, if the translator reads labels.
        fit: crop, pad or stretch images of another size than the generator's; default: refuse them.
        seed: seed of the noise; default: 0.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        output: folder for the translations.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: the run does not translate images, or the output holds something else. DataError: there are
        no image files. RunError: the folder holds no pipeline.
    """
    chosen, folder = load(run, pipeline), Path(output)
    _check(chosen, label, fit)
    mark = wanted_label(chosen, label)
    source = _source(Path(images))
    try:
        _begin(folder, Path(images), _record(run, pipeline, label, fit, seed or 0))
        done = Translations(path=folder)
        for i, (name, reason) in enumerate(_each(chosen, source, folder, mark, fit, seed or 0)):
            progress("images", i + 1, len(source))
            done = _noted(done, name, reason)
        return done
    finally:
        source.close()


PRESENT = "there already"


def _noted(done: Translations, name: str, reason: str) -> Translations:
    if not reason:
        return attrs.evolve(done, written=(*done.written, name))
    if reason == PRESENT:
        return attrs.evolve(done, present=(*done.present, name))
    return attrs.evolve(done, refused=(*done.refused, (name, reason)))


def _each(
    pipeline: Pipeline, source: Pictures, folder: Path, label: Tensor | None, fit: str | None, seed: int
) -> Iterator[tuple[str, str]]:
    """Each file's name, and why it was not translated, empty where it was."""
    stems = distinct([str(PurePosixPath(name).with_suffix("")) for name in source.names])
    for index, (name, stem) in enumerate(zip(source.names, stems, strict=True)):
        target = folder / f"{stem}.png"
        if target.exists():
            yield name, PRESENT
            continue
        try:
            image = _read(pipeline, source, index, fit)
            made = translated(pipeline, image, label, seed=seed)
        except (Unreadable, DataError) as error:
            yield name, str(error)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        save(to_pil(made)[0], target)
        yield name, ""


def _read(pipeline: Pipeline, source: Pictures, index: int, fit: str | None) -> Tensor:
    """One image `(1, C, H, W)` in [-1, 1], of its own size unless `fit` is given or one size is read."""
    channels, *size = pipeline.reads_shape
    wanted: dict[str, Any] = {} if fit is None else {"size": tuple(size), "fit": fit}
    options = ImageOptions(channels=channels, bits=8, **wanted)
    raw = source.read(index)
    height, width = raw.pixels.shape[:2]
    if fit is None and not pipeline.generator.size_multiple and [height, width] != size:
        raise DataError(
            f"it is {height}×{width}, but {pipeline.generator.qualified_name} reads {size[0]}×{size[1]}; "
            "give --fit crop, pad or stretch"
        )
    return as_image(raw, options, source.names[index])[None]


def _check(pipeline: Pipeline, label: Wanted | None, fit: str | None) -> None:
    name = pipeline.generator.qualified_name
    if pipeline.product != "translates":
        advice = "reconstruct them with `gancore sample RUN --data`" if pipeline.encoder else "sample from it"
        raise UserError(f"{name} does not translate images; {advice}, or give the run of a translator")
    if label is not None and not pipeline.reads_labels:
        raise UserError(f"{pipeline.conditioner.qualified_name} reads no labels; omit --label")
    if label is None and pipeline.reads_labels:
        raise UserError(f"{pipeline.conditioner.qualified_name} reads labels; give --label, e.g. --label 0")
    ImageOptions(**given(fit=fit))


def _source(path: Path) -> Pictures:
    if path.is_dir():
        return Pictures(FolderFiles(path))
    if path.suffix.lower() == ".zip" and path.is_file():
        return Pictures(ZipFiles(path))
    if picture_suffix(path.name) in SUFFIXES and path.is_file():
        return Pictures(OneFile(path))
    lacks = "is not a folder or zip of images" if path.exists() else "is not there"
    raise DataError(f"{path} {lacks}; give a folder or zip of image files, or an image file")


def _record(
    run: Run, pipeline: str | None, label: Wanted | None, fit: str | None, seed: int
) -> dict[str, Any]:
    where = "" if isinstance(run, Pipeline) else str(Path(run).resolve())
    return {"run": where, "seed": seed, **given(pipeline=pipeline, label=label, fit=fit)}


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
