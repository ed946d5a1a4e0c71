"""`gancore filters` and `gancore rbm-likelihood`."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.console.terminal import say
from gancore_rbm import verb


def filters(
    run: Annotated[Path, typer.Argument(help="folder of a run trained with recipe rbm or dbn")],
    output: Annotated[Path, typer.Option("--output", help="the picture to write")] = Path("filters.png"),
    count: Annotated[int, typer.Option("--count", help="at most so many, those of largest norm")] = 100,
) -> None:
    """Write them and say where."""
    found = verb.filters(run, output=output, count=count)
    say(f"{found} filters in {output}")


def rbm_likelihood(
    run: Annotated[Path, typer.Argument(help="folder of a run trained with recipe rbm")],
    data: Annotated[str, typer.Option("--data", help="images to score")] = "emoji",
    subset: Annotated[
        str | None, typer.Option("--subset", help="train or test, of an IDX folder; default: train")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", help="score only this many images, from the first; default: all")
    ] = None,
    chains: Annotated[int, typer.Option("--chains", help="chains of the estimate of log Z")] = 100,
    temperatures: Annotated[
        int, typer.Option("--temperatures", help="inverse temperatures of the estimate of log Z")
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="seed of all that is drawn")] = 0,
) -> None:
    """Estimate it and say what was found."""
    found = verb.rbm_likelihood(
        run, data=data, subset=subset, count=count, chains=chains, temperatures=temperatures, seed=seed
    )
    log_z, error = found.partition
    how = f"estimated with {chains} chains, relative error of Z {error:.2g}" if error else "exact"
    say(f"log Z           {log_z:.2f} ({how})")
    say(f"log-likelihood  {float(found.nats.mean()):.2f} nats per image, of {len(found.nats)} images")
