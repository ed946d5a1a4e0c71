"""`gancore export`: a pipeline as a file for other programs."""

from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.cli.completing import words
from gancore.console.terminal import say


def export(
    run: o.Run,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="onnx, torch (torch.export), or pipeline (safetensors and JSON); "
            "default: given by --zip or the suffix of --output, else onnx",
            autocompletion=words("onnx", "torch", "pipeline"),
        ),
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(
            "--truncation",
            help="truncation to build in: 1 for none; closer to 0: closer to the mean; default: 1",
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            help="make truncation or noise an input of the file; may be given twice; default: neither",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="seed of the built-in noise; default: 0")] = None,
    pipeline: o.Pipeline = None,
    license: Annotated[
        str | None,
        typer.Option(
            "--license",
            help="license of an exported pipeline for its card, such as apache-2.0; default: not said",
        ),
    ] = None,
    zip: Annotated[bool, typer.Option("--zip", help="pack an exported pipeline into one file")] = False,
    output: o.Output = None,
) -> None:
    """Export a pipeline (latent and label to image) for other programs, and check the written file."""
    from gancore.verbs.export import export

    written = export(
        run,
        format=format,
        truncation=truncation,
        input=inputs,
        seed=seed,
        pipeline=pipeline,
        license=license,
        zip=zip,
        output=output,
    )
    say(written)
