"""A page on this machine where one walks through the latent space of a run."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from gancore.explorer.server import Server, open_server
from gancore.explorer.session import Session
from gancore.latent.walk import Walk
from gancore.runs.opening import find_pipeline


def explore(
    run: str | os.PathLike[str],
    *,
    port: int = 8765,
    host: str = "127.0.0.1",
    browser: bool = True,
    directions: Path | str | None = None,
    pipeline: str | None = None,
    started: Callable[[Server], None] = lambda server: None,
) -> None:
    """Walks through latent space on a page in the browser; returns when it is interrupted (Ctrl-C).

    Args:
        run: a run, a saved pipeline or an import by its folder.
        port: where to listen; 0 takes any free one.
        host: where to listen; any address but loopback lets other machines in.
        browser: open the page.
        directions: file that `directions` wrote, for the sliders; left out: principal ones.
        pipeline: which of several, as `backward`; left out: the first.
        started: is called with the server, which has `url` and `local`, once it listens.

    Raises:
        UserError: the pipeline translates images, or the port cannot be used. RunError: there is no pipeline.
        KeyboardInterrupt: it was interrupted; the page is closed.
    """
    folder, found = find_pipeline(Path(run), pipeline), None if directions is None else Path(directions)
    session = Session(Walk.load(folder, directions=found), folder.resolve(), found and found.resolve())
    try:
        with open_server(session, host, port) as server:
            started(server)
            if browser and _has_screen():
                threading.Thread(target=_open, args=(server.url,), daemon=True).start()
            server.serve_forever()
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
