"""Trains a recipe on images into a run folder."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from gancore.component.interfaces import ImageShape
from gancore.console.watching import watching
from gancore.data import ImageOptions
from gancore.errors import UserError
from gancore.progress import Progress
from gancore.recipes.base import Recipe
from gancore.runs.first_stages import Given
from gancore.runs.first_stages import first_stage as open_first_stage
from gancore.runs.settings import Settings
from gancore.runs.sources import given_data
from gancore.runs.transfer import trained_networks
from gancore.training import start
from gancore.training.loop import Training
from gancore.verbs.begun import begun_run, unfinished
from gancore.verbs.recipes import recipe_of
from gancore.verbs.words import Changes, given


def train(
    recipe: Recipe | str | Path,
    data: Any = "emoji",
    *,
    set: Changes = (),
    init: str | os.PathLike[str] | None = None,
    first_stage: Given | None = None,
    paired: bool | None = None,
    source_from: str | None = None,
    size: int | str | tuple[int, int] | None = None,
    channels: int | None = None,
    fit: str | None = None,
    jitter: float | None = None,
    alpha: str | None = None,
    mirror: bool | None = None,
    labels: str | os.PathLike[str] | None = None,
    subset: str | None = None,
    layout: str | None = None,
    bits: int | None = None,
    values: str | None = None,
    unreadable: str | None = None,
    images: int | None = None,
    batch: int | None = None,
    micro_batch: int | None = None,
    precision: str | None = None,
    seed: int | None = None,
    device: str | None = None,
    threads: int | None = None,
    checkpoint_every: int | None = None,
    sample_every: int | None = None,
    report_every: int | None = None,
    evaluate_every: int | None = None,
    best: str | None = None,
    keep: int | None = None,
    hold_out: int | None = None,
    instance_selection: float | None = None,
    compile: bool | None = None,
    output: str | os.PathLike[str] | None = None,
    resume_if_there: bool = False,
    command: Sequence[str] = (),
    progress: Progress | bool = True,
) -> Training:
    """Trains a recipe on images into a new run folder; returns the finished training.

    It shows the progress, the run folder and alarms: below the cell in a notebook, else on standard error.
    Without `data` it trains on the embedded emoji. It ends with a checkpoint, the pipeline and a report;
    `gancore.resume(folder)` continues a training that was stopped for any reason.

    Args:
        recipe: name of a recipe, a `.toml` file, or a `Recipe`; its facts come from the data.
        data: a folder, zip, IDX or .npy file, or emoji; two of them for two domains (source, target); an
            array, a tensor or a torch dataset, which `gancore.resume` is given again; or a `Data`.
        set: fields of a recipe given by name or file, by path: {"generator.width": 96}.
        init: start from the networks of this run, checkpoint or pipeline.
        first_stage: train on the codes that the autoencoder of this run, checkpoint or pipeline gives to the
            images; what is drawn is decoded by it.
        paired: match the two domains by file name.
        source_from: make pairs of one source: "left" or "right", the half of each image that is the source,
            the other being the target; or what the source is made by of the image: "gray", "edges",
            "smaller-2", "smaller-3" or "smaller-4".
        size: height and width: 64, "48x64" or (48, 64).
        channels: 1: gray, 3: RGB, 4: RGBA.
        fit: crop, pad or stretch to the size; random: a crop at another place each time.
        jitter: enlarge images by this factor and show another piece of the old size each time, of both images
            of a pair; evaluations see the images as they are.
        alpha: background of transparent images, white or black; keep: keep alpha.
        mirror: mirror half of the images.
        labels: auto, folders, none, or a file of labels.
        subset: train or test, for an IDX folder.
        layout: axis order of an array: auto, NCHW or NHWC.
        bits: convert to 8 or 16 bits.
        values: range of float images: auto, unit or signed.
        unreadable: refuse or skip images that cannot be read.
        images: length of the training, in images seen; default: the recipe's.
        batch: batch size, over all processes; default: the recipe's.
        micro_batch: images per forward pass; saves memory, gradients stay the same.
        precision: float32, bf16, or auto: bf16 where the device has instructions for it.
        seed: seed of initial weights, data order and noise; default: 0.
        device: auto, cpu, cuda, mps.
        threads: number of CPU threads.
        checkpoint_every: images between checkpoints; default: a tenth of the training.
        sample_every: images between sample grids; default: a twentieth.
        report_every: images between log lines; default: a two-hundredth.
        evaluate_every: images between evaluations, 0 for never; default: a tenth.
        best: score that chooses the best checkpoint: FD, precision or recall; MAE, PSNR or SSIM too where
            images are translated in pairs or reconstructed.
        keep: checkpoints to keep, besides the best.
        hold_out: images to exclude from training.
        instance_selection: fraction of the images to train on, those most typical in a feature space.
        compile: compile the networks.
        output: run folder; default: the next runs/0001-NAME.
        resume_if_there: continue the run in `output` if it has begun, which must be of the same recipe and
            data.
        command: the shell command, as a list of words, to record in `run.toml`.
        progress: False trains without a word; a function is called as `progress("images", seen, total)`
            instead of the display.

    Raises:
        UserError: a setting, an option or the data are invalid. RunError: the folder is in use or the disk is
        full. NotFinite: a term or gradient became NaN. Interrupted: a signal stopped it; everything is saved.
    """
    options = given(**locals())
    made, image = _recipe(recipe, set, init)
    fixed = "" if init is None else f"the networks of {init} are"
    stage = None if first_stage is None else open_first_stage(first_stage)
    if stage is not None:
        image, fixed = stage.image, f"{stage.title} is"
    pictures = ImageOptions(**_known(image, fixed, _fields(ImageOptions, options)))
    settings = _fields(Settings, options)
    opened = given_data(data, pictures, paired=bool(paired), source_from=source_from)
    with watching(progress):
        if resume_if_there and (begun := begun_run(output, made)):
            return start.resume(begun.path, opened, first_stage=first_stage, **unfinished(begun, settings))
        return start.train(
            made,
            opened,
            output=None if output is None else Path(output),
            settings=Settings.of(**settings),
            first_stage=stage,
            command=command,
        )


def _recipe(
    recipe: Recipe | str | Path, changes: Changes, init: str | os.PathLike[str] | None
) -> tuple[Recipe, ImageShape | None]:
    """The recipe, and the image shape it is for, if known."""
    if isinstance(recipe, Recipe):
        if changes or init is not None:
            raise UserError(
                f"set and init apply to a recipe given by name; {recipe.qualified_name} is built already; "
                "pass its options and networks when you create it"
            )
        return recipe, recipe.image
    networks, image = trained_networks(Path(init)) if init is not None else ({}, None)
    made = recipe_of(recipe, changes, networks)
    return made, made.image or image


def _known(image: ImageShape | None, fixed: str, options: dict[str, Any]) -> dict[str, Any]:
    """The image options, with the shape of the networks where it is known; `fixed` says by what, if it cannot
    be another.
    """
    known = options if image is None else {"channels": image[0], "size": image[1:], **options}
    read = ImageOptions(**known)
    if fixed and image is not None and (read.channels, read.size) != (image[0], image[1:]):
        raise UserError(
            f"{fixed} for images {image}; omit --size and --channels, or start from other networks"
        )
    return known


def _fields(cls: type[attrs.AttrsInstance], options: dict[str, Any]) -> dict[str, Any]:
    """The options that are fields of the class."""
    return {name: value for name, value in options.items() if name in attrs.fields_dict(cls)}
