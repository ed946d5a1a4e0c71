"""`gancore evaluate`: scores of a run or of any images, with the protocol that they were made by."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from gancore.cli import options as o
from gancore.cli.latents import waiting
from gancore.cli.outputs import check_file

if TYPE_CHECKING:
    from gancore.component.interfaces import Extractor
    from gancore.measure.evaluation import Evaluation
    from gancore.measure.score import Score
    from gancore.measure.study import Study
    from gancore.runs.folder import RunFolder


def evaluate(
    run: Annotated[str, typer.Argument(help="run folder, or images: a folder, zip, IDX or .npy file")],
    against: Annotated[
        str | None,
        typer.Option("--against", help="images to compare with; left out: those the run learned from"),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option("--score", help="a score by name (`gancore list score`); left out: the standard ones"),
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            "--extractor", help="`gancore list extractor`; left out: fashion for gray, emoji for RGB"
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="weights of an extractor that ships none, as inception-2015"),
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=2, help="samples to judge")] = None,
    reference: Annotated[
        int | None, typer.Option("--reference", min=2, help="reference images to compare with, at most")
    ] = None,
    seed: o.Seed = None,
    truncation: o.Truncation = 1.0,
    standing: Annotated[
        bool, typer.Option("--standing", help="batch norms by statistics of the samples, not of training")
    ] = False,
    pipeline: o.Pipeline = None,
    size: o.Size = None,
    channels: o.Channels = None,
    subset: o.Subset = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="JSON file; left out: RUN/scores/evaluation.json")
    ] = None,
) -> None:
    """Score samples of a run beside the images it learned from, or any images beside others."""
    from gancore.measure.evaluation import evaluate as judge
    from gancore.runs.folder import RunFolder
    from gancore.runs.opening import is_model
    from gancore.training.evaluating import EvaluationRequest, study_of_images, study_of_run

    folder, of_run = RunFolder(run), is_model(run)
    target = output or (folder.score_file() if of_run else Path(folder.score_file().name))
    check_file(target)
    options = o.given(size=size, channels=channels, subset=subset)
    request = EvaluationRequest(
        **o.given(count=count, reference=reference, seed=seed),
        truncation=truncation,
        standing=standing,
        pipeline=pipeline,
        against=against,
        options=options,
    )
    chosen = _extractor(extractor, weights)
    study = study_of_run(folder, chosen, request) if of_run else study_of_images(run, chosen, request)
    with waiting(f"{study.title} on {len(study.samples)} samples and {len(study.reference)} images"):
        found = judge(study, _scores(score), strict=bool(score))
    found.save(target)
    _show(found)
    if of_run:
        _grids(study, folder)
    typer.echo(f"scores and protocol in {target}")


def _extractor(name: str | None, weights: Path | None) -> "Extractor | None":
    from gancore.component.specs import build
    from gancore.errors import UserError

    if name is None:
        if weights is not None:
            raise UserError("--weights belongs to an extractor; name it too, as --extractor inception-2015")
        return None
    table = {"part": name} | ({} if weights is None else {"weights": str(weights)})
    return cast("Extractor", build(table, "extractor"))


def _scores(names: list[str] | None) -> "list[Score]":
    from gancore.component.specs import build
    from gancore.measure.standard import standard_scores

    return (
        standard_scores() if not names else [cast("Score", build({"part": name}, "score")) for name in names]
    )


def _show(found: "Evaluation") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("score", "value", "± standard error", "better", box=None)
    for name, value in found.scores.items():
        error = "" if value.error is None else f"{value.error:.4g}"
        table.add_row(
            escape(name), f"{value.value:.5g}", error, value.better if value.better != "neither" else ""
        )
    Console().print(table)
    for name, reason in found.left_out.items():
        typer.echo(f"left out {name}: {reason}", err=True)


def _grids(study: "Study", run: "RunFolder") -> None:
    from gancore.measure.grids import write_grids

    for path in write_grids(study, run):
        typer.echo(path)
