"""`gancore evaluate`: scores of a run or of any images, with the evaluation protocol."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.cli import options as o
from gancore.cli.completing import part_names, run_folders
from gancore.console.terminal import say
from gancore.errors import shown

if TYPE_CHECKING:
    from gancore.measure.evaluation import Evaluation


def evaluate(
    run: Annotated[
        str,
        typer.Argument(
            help="run folder, or images: a folder, zip, IDX or .npy file", autocompletion=run_folders
        ),
    ],
    against: Annotated[
        str | None,
        typer.Option("--against", help="reference images; default: the training data of the run"),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(
            "--score",
            help="name of a score (`gancore list score`); default: the standard ones",
            autocompletion=part_names("score"),
        ),
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            "--extractor",
            help="name (`gancore list extractor`); default: fashion for gray, emoji for RGB",
            autocompletion=part_names("extractor"),
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="weights of an extractor that ships without, e.g. inception-2015"),
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=2, help="samples to score")] = None,
    reference: Annotated[
        int | None, typer.Option("--reference", min=2, help="reference images to use, at most")
    ] = None,
    seed: o.Seed = None,
    truncation: o.Truncation = 1.0,
    threshold: o.Threshold = None,
    standing: Annotated[
        bool,
        typer.Option(
            "--standing", help="use batch statistics of the samples in batch norm, not those of training"
        ),
    ] = False,
    pipeline: o.Pipeline = None,
    size: o.Size = None,
    channels: o.Channels = None,
    subset: o.Subset = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="JSON file; default: evaluation.json, of a run RUN/scores/evaluation.json"
        ),
    ] = None,
) -> None:
    """Score samples of a run against its training data, or any images against others."""
    from gancore.cli.progress import bars
    from gancore.runs.folder import RunFolder
    from gancore.runs.layout import EVALUATION
    from gancore.verbs.evaluate import evaluate

    folder = RunFolder(run)
    default = folder.score_file() if folder.exists else Path(f"{EVALUATION}.json")
    with bars() as progress:
        found = evaluate(
            run,
            against=against,
            score=score,
            extractor=extractor,
            weights=weights,
            count=count,
            reference=reference,
            seed=seed,
            truncation=truncation,
            threshold=threshold,
            standing=standing,
            pipeline=pipeline,
            size=size,
            channels=channels,
            subset=subset,
            output=output or default,
            progress=progress,
        )
    _show(found)
    for path in found.files[1:]:
        say(path)
    say(f"scores and protocol in {found.files[0]}")


def _show(found: "Evaluation") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    anchors = {name: anchor["scores"] for name, anchor in found.anchors.items()}
    table = Table("score", "value", "± standard error", "better", *anchors, box=None)
    for name, value in found.scores.items():
        error = "" if value.error is None else f"{value.error:.4g}"
        table.add_row(
            escape(shown(name)),
            f"{value.value:.5g}",
            error,
            value.better if value.better != "neither" else "",
            *(f"{scores[name]:.4g}" if name in scores else "" for scores in anchors.values()),
        )
    Console().print(table)
    for name, reason in found.left_out.items():
        say(shown(f"left out {name}: {reason}"), err=True)
