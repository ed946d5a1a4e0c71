"""`gancore watch`: the report of a run as a page that follows it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.console.terminal import say

if TYPE_CHECKING:
    from gancore.explorer.server import Server


def watch(
    run: Annotated[Path, typer.Argument(help="run folder, finished or not")],
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="port to listen on; 0 for any free one")
    ] = 8766,
    host: Annotated[
        str, typer.Option("--host", help="address to listen on; any but loopback is open to other machines")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page")] = True,
) -> None:
    """Show the report of a run on a page that follows the training."""
    from gancore.verbs.watch import watch

    def started(server: "Server") -> None:
        if not server.local:
            say(f"warning: anyone who can reach this machine at {host} can read the page", err=True)
        say(f"the report of {run} is at {server.url}  (Ctrl-C to stop)")

    try:
        watch(run, port=port, host=host, browser=browser, started=started)
    except KeyboardInterrupt:
        say("\nstopped", err=True)
