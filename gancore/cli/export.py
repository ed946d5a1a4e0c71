"""`gancore export`: a pipeline as a file for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o


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
    from gancore.cli.progress import bars
    from gancore.verbs.export import export

    with bars() as progress:
        written = export(
            run,
            format=format,
            truncation=truncation,
            input=inputs,
            seed=seed,
            pipeline=pipeline,
            output=output,
            progress=progress,
        )
    typer.echo(written)
