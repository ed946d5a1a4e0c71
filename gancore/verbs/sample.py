"""Images drawn, translated or reconstructed by a run."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, Self

import attrs
import numpy as np
import torch
from torch import Tensor

from gancore.component.precision import in_precision
from gancore.data import Data, ImageOptions, open_pairs
from gancore.data import Images as ImageFiles
from gancore.data.options import FACTORS
from gancore.errors import DataError, UserError
from gancore.latent.seeds import images_of_seeds
from gancore.latent.truncation import with_threshold
from gancore.latent.wanted_label import Wanted, wanted_label
from gancore.pictures.captions import Captions
from gancore.pipeline import Pipeline, check_truncation, translated
from gancore.progress import Progress, counted, tell
from gancore.runs.sources import open_source
from gancore.storage.files import distinct
from gancore.verbs.loading import Run, load, precision_for
from gancore.verbs.pictures import Images, check_images, origin, write_each, written
from gancore.verbs.words import Amounts, Changes, Numbers, amounts_of, changes_of, numbers_of

SHEET, ROW = 64, 8
"""Images drawn by default: on a grid, and in a row for each of several truncations."""


def sample(
    run: Run,
    *,
    count: int | None = None,
    seed: int | None = None,
    seeds: Numbers | None = None,
    like: str | None = None,
    label: Wanted | None = None,
    truncation: Amounts = 1,
    truncation_layers: int | None = None,
    threshold: float | None = None,
    pipeline: str | None = None,
    device: str | None = None,
    precision: str | None = None,
    set: Changes = (),
    data: Path | str | None = None,
    source_from: str | None = None,
    output: Path | str | None = None,
    hold: bool = True,
    progress: Progress = tell,
) -> Images:
    """Draws images from a trained run, or translates or reconstructs given images with it.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        count: number of images; default: 64, or 8 if several truncations are given.
        seed: seed of latents and noise; default: 0.
        seeds: one image for each of these seeds instead, e.g. range(100) or "0-99,140". The image of a seed
            is the same whatever the other seeds are; it is that of `count=1, seed=…`.
        like: `nvidia` for the latents that the released code of the StyleGANs draws for these seeds, so that
            a published seed gives the published image.
        label: class of all images, or its name, or a row of numbers; default: drawn as in the data.
        truncation: 1 for none; values closer to 0 move images toward the mean. Several, e.g. [0.5, 0.7, 1] or
            "0.5,0.7,1", give the same images with each: a grid with a row for each value.
        truncation_layers: truncate only this many of the first layers; default: all.
        threshold: largest magnitude of a coordinate of the latents; larger ones are drawn again (BigGAN).
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        device: auto, cpu, cuda, cuda:1 or mps; default: cpu, or where a given `Pipeline` is.
        precision: float32; bf16 for autocast with float32 weights; or auto: bf16 where the device has
            instructions for it; default: float32. Images in bf16 differ a little from those in float32.
        set: options of the pipeline's parts, by path: {"sampler.temperature": 0.9}.
        data: images to translate or reconstruct instead of sampling: a folder, zip, IDX or .npy file.
        source_from: how the source of each of these images is made, as `train` says: a half of it ("left",
            "right"), or "gray", "edges", "smaller-2", …; default: they are the sources themselves.
        output: FILE.png for a grid, FILE.npy, or a folder for one file per image; default: nothing is
            written.
        hold: hold the images in the result too; without, an array or files are written as they are drawn,
            in memory that does not grow with their number.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: options conflict with each other or the pipeline, or the output cannot be written.
        RunError: the folder holds no pipeline.
    """
    amounts = amounts_of("--truncation", truncation)
    _check_options(
        truncated=amounts != [1],
        truncation_layers=truncation_layers,
        label=label,
        data=data,
        source_from=source_from,
        count=count,
        seed=seed,
        seeds=seeds,
        like=like,
        threshold=threshold,
    )
    drawing = _Drawing.of(
        amounts=amounts,
        layers=truncation_layers,
        count=count,
        seed=seed or 0,
        seeds=seeds,
        like=like,
        label=label,
    )
    if output is not None:
        check_images(Path(output))
    chosen = load(run, pipeline, device)
    if changes := changes_of(set):
        chosen = chosen.with_options(changes)
    with in_precision(precision_for(chosen, precision), chosen.device):
        if data is not None:
            made = _through(chosen, str(data), drawing.seed, source_from)
            return written(attrs.evolve(made, texts=origin(run, drawing.seed)), output)
        chosen = chosen if threshold is None else with_threshold(chosen, threshold)
        rows = drawing.rows(chosen, progress)
        if not hold and output is not None and Path(output).suffix in ("", ".npy"):
            return write_each(chain.from_iterable(rows), drawing.names, Path(output))
        made = drawing.together([torch.cat(list(row)) for row in rows])
    return written(attrs.evolve(made, texts=origin(run, drawing.numbers)), output)


def _check_options(
    *,
    truncated: bool,
    truncation_layers: int | None,
    label: Wanted | None,
    data: Path | str | None,
    source_from: str | None,
    count: int | None,
    seed: int | None,
    seeds: Numbers | None,
    like: str | None,
    threshold: float | None,
) -> None:
    """Raises UserError for options that conflict with each other."""
    read, numbered = data is not None, not (count is None and seeds is None and threshold is None)
    conflicts = [
        (
            truncation_layers is not None and not truncated,
            "--truncation-layers has no effect without --truncation; "
            "give --truncation too, e.g. 0.7, or omit it",
        ),
        (
            read and (truncated or label is not None),
            "--truncation and --label have no effect with --data; omit them",
        ),
        (
            not read and source_from is not None,
            "--source-from makes sources of the images of --data; give --data too, or omit it",
        ),
        (read and numbered, "--count, --seeds and --threshold have no effect with --data; omit them"),
        (
            seeds is not None and not (count is None and seed is None),
            "--seeds says how many images there are, and their seeds; omit --count and --seed",
        ),
        (
            like is not None and (seeds is None or threshold is not None),
            f"--like {like} draws the latents of --seeds; give --seeds, and omit --threshold",
        ),
        (count is not None and count < 1, f"--count must be at least 1; got {count}"),
    ]
    for conflict, message in conflicts:
        if conflict:
            raise UserError(message)


@attrs.frozen
class _Drawing:
    """Which images are drawn: `count` of one seed, or one for each of `seeds`, with each of `amounts` of
    truncation.
    """

    amounts: list[float]
    layers: int | None
    count: int
    seed: int
    seeds: tuple[int, ...]
    like: str | None
    label: Wanted | None

    @classmethod
    def of(
        cls,
        *,
        amounts: list[float],
        layers: int | None,
        count: int | None,
        seed: int,
        seeds: Numbers | None,
        like: str | None,
        label: Wanted | None,
    ) -> Self:
        """With the default number of images."""
        numbers = () if seeds is None else tuple(dict.fromkeys(numbers_of("--seeds", seeds)))
        number = len(numbers) or count or (SHEET if len(amounts) == 1 else ROW)
        return cls(amounts, layers, number, seed, numbers, like, label)

    def rows(self, pipeline: Pipeline, progress: Progress) -> Iterator[Iterator[Tensor]]:
        """The images of each truncation, batch by batch. Raises UserError for one that the pipeline lacks,
        before the first.
        """
        for amount in self.amounts:
            check_truncation(pipeline, amount, self.layers)
        return (self.drawn(pipeline, progress, amount) for amount in self.amounts)

    def drawn(self, pipeline: Pipeline, progress: Progress, amount: float) -> Iterator[Tensor]:
        """Without seeds the images of `Pipeline.sample`, bit for bit, batch by batch."""
        truncated: dict[str, Any] = {"truncation": amount, "truncation_layers": self.layers}
        if self.seeds:
            mark = wanted_label(pipeline, self.label)
            made = images_of_seeds(pipeline, self.seeds, mark, like=self.like, **truncated)
        else:
            marks = wanted_label(pipeline, self.label, self.count)
            latent, marks = pipeline.draw(self.count, seed=self.seed, label=marks)
            made = pipeline.chunks(latent, marks, seed=self.seed, **truncated)
        return counted(made, self.count, progress)

    @property
    def several(self) -> bool:
        """Whether the images are drawn with several truncations."""
        return len(self.amounts) > 1

    @property
    def names(self) -> list[str]:
        """The names of all images as files."""
        names = [f"seed{n:04d}" for n in self.seeds] or [f"{i:06d}" for i in range(self.count)]
        if self.several:
            return [f"{name}-truncation{amount:g}" for amount in self.amounts for name in names]
        return names

    @property
    def numbers(self) -> str:
        """The seeds, in words."""
        return ",".join(map(str, self.seeds)) or str(self.seed)

    def captions(self) -> Captions:
        """Which seeds and truncations the rows and columns of the grid are of."""
        told = [
            "" if self.seeds else f"seed {self.seed}",
            "" if self.label is None else f"label {self.label}",
        ]
        told += [f"truncation {self.amounts[0]:g}"] if self.amounts != [1] and not self.several else []
        title, seeds = " · ".join(filter(None, told)), [str(seed) for seed in self.seeds]
        if self.several:
            rows = [f"truncation {amount:g}" for amount in self.amounts]
            return Captions(rows, [f"seed {n}" for n in seeds], title)
        return Captions(images=seeds, word="seed", title=title)

    def together(self, rows: list[Tensor]) -> Images:
        """A row of images for each amount of truncation, or the images of the only one."""
        return Images(
            images=torch.cat(rows),
            seed=None if self.seeds else self.seed,
            columns=self.count if self.several else None,
            names=tuple(self.names),
            captions=self.captions(),
        )


def _through(pipeline: Pipeline, source: str, seed: int, source_from: str | None) -> Images:
    images, note = (
        _fitting(pipeline, source) if source_from is None else _made_sources(pipeline, source, source_from)
    )
    rows = images.rows(np.arange(len(images)))
    made = translated(pipeline, rows["image"], rows.get("label"), seed=seed)
    names = [Path(name).stem for name in images.names] if isinstance(images, ImageFiles) else []
    captions = Captions(images=names, title=f"{len(made)} images · seed {seed}")
    return Images(images=made, names=tuple(distinct(names)), note=note, captions=captions)


def _made_sources(pipeline: Pipeline, source: str, source_from: str) -> tuple[Data, str]:
    """What a translator reads, made of images that are cropped and resized where their size is another, and a
    note on it.

    Raises:
        UserError: the pipeline translates no images, or reads none that are made so.
    """
    if pipeline.product != "translates":
        raise UserError(f"--source-from makes sources for translators; this pipeline {pipeline.product}")
    channels, *size = pipeline.reads_shape
    height, width = (FACTORS.get(source_from, 1) * side for side in size)
    color = 3 if source_from in ("gray", "edges") else channels
    made = open_pairs(source, source_from, ImageOptions(channels=color, size=(height, width))).source
    if made.image != tuple(pipeline.reads_shape):
        raise UserError(
            f"{pipeline.generator.qualified_name} reads images {pipeline.reads_shape}, but {source_from} "
            f"makes {made.image}; give the --source-from of its training"
        )
    return made, f"sources by {source_from}, images of another size cropped and resized to {height}×{width}"


def _fitting(pipeline: Pipeline, source: str) -> tuple[Data, str]:
    """Images in their own size, if they have one that the pipeline reads; else cropped, and a note on it."""
    shape, labels = pipeline.reads_shape, "auto" if pipeline.reads_labels else "none"
    any_size = pipeline.product == "translates" and pipeline.generator.size_multiple
    own: Data | None = None
    with suppress(DataError):  # images of several sizes
        own = open_source(source, ImageOptions(channels=shape[0], labels=labels))
    alike = own is not None and "differ in size" not in own.description
    if own is not None and alike and (any_size or own.image[1:] == shape[1:]):
        return own, ""
    cropped = open_source(source, ImageOptions(channels=shape[0], size=tuple(shape[1:]), labels=labels))
    whole = "; `gancore translate` keeps them whole" if any_size else ""
    return cropped, f"images of another size were cropped and resized to {shape[1]}×{shape[2]}{whole}"
