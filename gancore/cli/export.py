"""`gancore export`: a pipeline as a file for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gancore.cli import options as o
from gancore.cli.latents import waiting
from gancore.cli.outputs import check_file, check_new_folder

if TYPE_CHECKING:
    from gancore.pipeline import Pipeline

SUFFIXES = {"onnx": ".onnx", "torch": ".pt2", "pipeline": ""}


def export(
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="onnx, torch (torch.export), or pipeline (safetensors and JSON); "
            "left out: as --output ends, or onnx",
        ),
    ] = None,
    truncation: Annotated[
        float | None, typer.Option("--truncation", help="built in: 1 for none, towards 0 nearer to the mean")
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", help="make truncation or noise an input; may be given twice"),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="seed of noise that is built in")] = None,
    pipeline: o.Pipeline = None,
    output: o.Output = None,
) -> None:
    """Write a pipeline, latent and label to image, for other programs, and check what was written."""
    from gancore.errors import UserError
    from gancore.runs.opening import load_pipeline

    format = _format(format, output)
    if unknown := set(inputs or ()) - {"truncation", "noise"}:
        raise UserError(f"--input is truncation or noise; got {', '.join(sorted(unknown))}")
    if format == "pipeline" and (inputs or truncation is not None or seed is not None):
        raise UserError(
            "a pipeline keeps truncation and noise open; leave out --truncation, --input and --seed, "
            "or choose another --format"
        )
    if truncation is not None and "truncation" in (inputs or ()):
        raise UserError("truncation is either built in or an input; give --truncation or --input truncation")
    target = output or Path(f"{run.resolve().name}{SUFFIXES[format] or '-pipeline'}")
    (check_new_folder if format == "pipeline" else check_file)(target)
    chosen = load_pipeline(run, pipeline)
    target.parent.mkdir(parents=True, exist_ok=True)
    with waiting(f"writing and checking {target}"):
        if format == "pipeline":
            off, form = _folder(chosen, target), "weights.safetensors and pipeline.json"
        else:
            off, form = _file(
                chosen, target, format, _recipe(run), o.given(truncation=truncation, inputs=inputs, seed=seed)
            )
    typer.echo(f"{target}: {form}; largest difference {off:.2g}")


def _format(given: str | None, output: Path | None) -> str:
    """What is to be written: as the user says, or as the output ends."""
    from gancore.errors import UserError

    if given is not None and given not in SUFFIXES:
        raise UserError(f"--format is {', '.join(SUFFIXES)}; got {given!r}")
    ending = "" if output is None else output.suffix.lower()
    named = next((format for format, suffix in SUFFIXES.items() if suffix and suffix == ending), None)
    if given and named and given != named:
        raise UserError(
            f"{output} ends as {named} files do, and --format is {given}; "
            "leave --format out, or give another name"
        )
    return given or named or "onnx"


def _folder(pipeline: "Pipeline", target: Path) -> float:
    from gancore.exporting import export_pipeline

    return export_pipeline(pipeline, target)


def _file(
    pipeline: "Pipeline", target: Path, format: str, recipe: str, given: dict[str, Any]
) -> tuple[float, str]:
    from gancore.exporting import Chain, export_onnx, export_torch

    chain = Chain(pipeline, **given)
    write = {"onnx": export_onnx, "torch": export_torch}[format]
    shape = " × ".join(["N", *map(str, pipeline.generator.image)])
    return write(chain, target, recipe=recipe), f"{', '.join(chain.names)} → image {shape} in [-1, 1]"


def _recipe(run: Path) -> str:
    """The address of the recipe that a run trained; nothing for a pipeline alone."""
    from gancore.runs.folder import RunFolder

    folder = RunFolder.around(run) or RunFolder(run)
    return f"recipe/{folder.recipe_spec().get('part')}" if folder.recipe_file.is_file() else ""
