"""`gancore evaluate`: scores of a run or of any images, with the evaluation protocol."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.cli import options as o
from gancore.cli.completing import part_names, run_folders
from gancore.console.terminal import say

if TYPE_CHECKING:
    from gancore.measure.evaluation import Evaluation

ROW = "{:<28} {:<10} {:<18} {}"
"""A line of the table; names that are longer push the rest to the right."""


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
        typer.Option(
            "--weights",
            help="weights of an extractor that ships without, e.g. inception-2015; default: its own",
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=2, help="samples to score; default: 10,000")
    ] = None,
    reference: Annotated[
        int | None,
        typer.Option("--reference", min=2, help="reference images to use, at most; default: 10,000"),
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
    device: o.Device = None,
    paired: Annotated[
        bool,
        typer.Option(
            "--paired",
            help="match the held-out images of a run of two domains by file name, for the score pairs",
        ),
    ] = False,
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
    from gancore.runs.folder import RunFolder
    from gancore.runs.layout import EVALUATION
    from gancore.verbs.evaluate import evaluate

    folder = RunFolder(run)
    default = folder.score_file() if folder.exists else Path(f"{EVALUATION}.json")
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
        device=device,
        paired=paired,
        size=size,
        channels=channels,
        subset=subset,
        output=output or default,
        each=Rows(),
    )
    _show_anchors(found)
    for path in found.files[1:]:
        say(path)
    say(f"scores and protocol in {found.files[0]}")


class Rows:
    """Prints each score, or why it is left out, once it is known."""

    def __init__(self) -> None:
        self.told: set[str] = set()

    def __call__(self, so_far: "Evaluation") -> None:
        """Prints what is new."""
        from gancore.measure.evaluation import PENDING

        if not self.told and so_far.scores:
            say(ROW.format("score", "value", "± standard error", "better"))
        for name, value in so_far.scores.items():
            if name not in self.told:
                error = "" if value.error is None else f"{value.error:.4g}"
                better = "" if value.better == "neither" else value.better
                say(ROW.format(name, f"{value.value:.5g}", error, better).rstrip())
        for name, reason in so_far.left_out.items():
            if reason != PENDING and f"left out {name}" not in self.told:
                say(f"left out {name}: {reason}", err=True)
        left_out = (f"left out {name}" for name, reason in so_far.left_out.items() if reason != PENDING)
        self.told |= {*so_far.scores, *left_out}


def _show_anchors(found: "Evaluation") -> None:
    """What real images and noise score, for comparison; each line says of what its numbers are."""
    anchors = {name: anchor["scores"] for name, anchor in found.anchors.items()}
    names = [name for name in found.scores if any(name in scores for scores in anchors.values())]
    if names:
        say("for comparison")
    for name in names:
        values = [f"{what} {scores[name]:<12.4g}" for what, scores in anchors.items() if name in scores]
        say(" ".join([f"{name:<28}", *values]).rstrip())
