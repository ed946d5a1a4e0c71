"""`gancore explore`: a local page for exploring the latent space of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.cli import options as o
from gancore.console.terminal import say

if TYPE_CHECKING:
    from gancore.explorer.server import Server


def explore(
    run: o.Run,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="port to listen on; 0 for any free one")
    ] = 8765,
    host: Annotated[
        str, typer.Option("--host", help="address to listen on; any but loopback is open to other machines")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page")] = True,
    directions: Annotated[
        Path | None,
        typer.Option(
            "--directions",
            help="file written by gancore directions, for the sliders; default: principal components",
        ),
    ] = None,
    pipeline: o.Pipeline = None,
    device: o.Device = None,
) -> None:
    """Explore latent space, or a translator before and after, on a page in the browser."""
    from gancore.verbs.explore import explore

    def started(server: "Server") -> None:
        if not server.local:
            say(f"warning: anyone who can reach this machine at {host} can use the page", err=True)
        say(f"exploring {run} at {server.url}  (Ctrl-C to stop)")

    try:
        explore(
            run,
            port=port,
            host=host,
            browser=browser,
            directions=directions,
            pipeline=pipeline,
            device=device,
            started=started,
        )
    except KeyboardInterrupt:
        say("\nstopped", err=True)
