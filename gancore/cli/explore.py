"""`gancore explore`: a page on this machine where one walks through the latent space of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.cli import options as o

if TYPE_CHECKING:
    from gancore.explorer.server import Server


def explore(
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one")] = 8765,
    host: Annotated[
        str, typer.Option("--host", help="where to listen; any address but loopback lets other machines in")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page")] = True,
    directions: Annotated[
        Path | None,
        typer.Option(
            "--directions",
            help="file that gancore directions wrote, for the sliders; left out: principal ones",
        ),
    ] = None,
    pipeline: o.Pipeline = None,
) -> None:
    """Walk through latent space on a page in the browser."""
    from gancore.verbs.explore import explore

    def started(server: "Server") -> None:
        if not server.local:
            typer.echo(f"warning: whoever reaches this machine at {host} can use the page", err=True)
        typer.echo(f"exploring {run} at {server.url}  (Ctrl-C ends it)")

    try:
        explore(
            run,
            port=port,
            host=host,
            browser=browser,
            directions=directions,
            pipeline=pipeline,
            started=started,
        )
    except KeyboardInterrupt:
        typer.echo("\nended", err=True)
