"""`gancore train`: trains a recipe on images into a run folder."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gancore.cli import options as o
from gancore.cli.completing import recipes, run_folders
from gancore.errors import UserError

Recipe = Annotated[
    str | None,
    typer.Argument(
        help="name of a recipe (see `gancore list recipe`), or a .toml file",
        show_default=False,
        autocompletion=recipes,
    ),
]


def train(
    recipe: Recipe = None,
    change: o.Set = None,
    init: Annotated[
        Path | None,
        typer.Option(
            "--init",
            help="start from the networks of this run, checkpoint or pipeline; default: new ones",
            autocompletion=run_folders,
        ),
    ] = None,
    first_stage: Annotated[
        Path | None,
        typer.Option(
            "--first-stage",
            help="train on the codes that the autoencoder of this run, checkpoint or pipeline gives to the "
            "images; default: on the images",
            autocompletion=run_folders,
        ),
    ] = None,
    data: o.Data = None,
    paired: o.Paired = None,
    source_from: o.SourceFrom = None,
    size: o.Size = None,
    channels: o.Channels = None,
    fit: o.Fit = None,
    jitter: o.Jitter = None,
    alpha: o.Alpha = None,
    mirror: o.Mirror = None,
    labels: o.Labels = None,
    subset: o.Subset = None,
    layout: o.Layout = None,
    bits: o.Bits = None,
    values: o.Values = None,
    unreadable: o.Unreadable = None,
    images: Annotated[int | None, o.setting("images")] = None,
    batch: Annotated[int | None, o.setting("batch")] = None,
    micro_batch: Annotated[int | None, o.setting("micro_batch")] = None,
    precision: o.Precision = None,
    seed: Annotated[int | None, o.setting("seed")] = None,
    device: Annotated[str | None, o.setting("device")] = None,
    threads: Annotated[int | None, o.setting("threads")] = None,
    checkpoint_every: Annotated[int | None, o.setting("checkpoint_every")] = None,
    sample_every: Annotated[int | None, o.setting("sample_every")] = None,
    report_every: Annotated[int | None, o.setting("report_every")] = None,
    evaluate_every: Annotated[int | None, o.setting("evaluate_every")] = None,
    best: Annotated[str | None, o.setting("best")] = None,
    keep: Annotated[int | None, o.setting("keep")] = None,
    hold_out: Annotated[int | None, o.setting("hold_out")] = None,
    instance_selection: Annotated[float | None, o.setting("instance_selection")] = None,
    compile: Annotated[bool | None, o.setting("compile")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="run folder; default: the next runs/0001-NAME")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            help="continue the run in this folder; with --images, --data for data that has moved, "
            "--first-stage likewise, --set for optimizers, losses and regularizers, or a setting such as "
            "--batch; default: a new run",
            autocompletion=run_folders,
        ),
    ] = None,
    resume_if_there: Annotated[
        bool | None,
        typer.Option("--resume-if-there", help="continue the run in --output if it has begun; default: no"),
    ] = None,
) -> None:
    """Train a recipe on images; without --data, on the embedded emoji."""
    options = o.given(**locals())
    if resume is not None:
        return _resume(options)
    if recipe is None:
        raise UserError(
            "train needs the name of a recipe or a .toml file, e.g. `gancore train dcgan`; "
            "`gancore list recipe` lists the recipes"
        )
    options["set"] = options.pop("change", [])
    return _train(options)


def _train(options: dict[str, Any]) -> None:
    from gancore.verbs.train import train

    train(**options, command=["gancore", *sys.argv[1:]])


def _resume(options: dict[str, Any]) -> None:
    from gancore.runs.settings import Settings
    from gancore.verbs.resume import resume

    folder, changes, data = options.pop("resume"), options.pop("change", ()), options.pop("data", None)
    allowed = ("data", "first_stage", "set", *Settings.may_change())
    if fixed := sorted(options.keys() - set(allowed)):
        raise UserError(
            f"{', '.join(map(_flag, fixed))} cannot change in a run that has begun: --resume continues with "
            f"its recipe, data and settings; what may change: {', '.join(map(_flag, allowed))}"
        )
    resume(folder, data, set=changes, **options)


def _flag(name: str) -> str:
    return "a recipe" if name == "recipe" else f"--{name.replace('_', '-')}"
