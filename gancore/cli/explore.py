"""`gancore explore`: a page on this machine where one walks through the latent space of a run."""

import os
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o


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
    from gancore.explore.server import open_server
    from gancore.explore.session import Session
    from gancore.latent.walk import Walk
    from gancore.runs.opening import find_pipeline

    folder = find_pipeline(run, pipeline)
    session = Session(
        Walk.load(folder, directions=directions), folder.resolve(), directions and directions.resolve()
    )
    try:
        with open_server(session, host, port) as server:
            if not server.local:
                typer.echo(f"warning: whoever reaches this machine at {host} can use the page", err=True)
            typer.echo(f"exploring {run} at {server.url}  (Ctrl-C ends it)")
            if browser and _has_screen():
                threading.Thread(target=_open, args=(server.url,), daemon=True).start()
            server.serve_forever()
    except KeyboardInterrupt:
        typer.echo("\nended", err=True)
    finally:
        session.close()


def _has_screen() -> bool:
    # without one, a browser for the terminal would take it over
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _open(url: str) -> None:
    import webbrowser

    webbrowser.open(url)
