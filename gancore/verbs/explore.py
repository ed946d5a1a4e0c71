"""A local page for exploring the latent space of a run."""

import os
from collections.abc import Callable
from pathlib import Path

from gancore.explorer.server import Server, open_server
from gancore.explorer.session import Session
from gancore.latent.walk import Walk
from gancore.progress import tell
from gancore.runs.opening import find_pipeline
from gancore.verbs.browser import open_page


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
    """Serves a page for exploring latent space in the browser, until it is interrupted (Ctrl-C).

    Args:
        run: folder of a run, saved pipeline or import.
        port: port to listen on; 0 for any free one.
        host: address to listen on; any but loopback is open to other machines.
        browser: whether to open the page.
        directions: file written by `directions`, for the sliders; default: principal components.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        started: called with the server (which has `url` and `local`) once it listens.

    Raises:
        UserError: the pipeline translates images, or the port cannot be used. RunError: the folder holds no
        pipeline.
        KeyboardInterrupt: it was interrupted; the server is closed.
    """
    folder, found = find_pipeline(Path(run), pipeline), None if directions is None else Path(directions)
    tell(f"opening {run}")
    session = Session(Walk.load(folder, directions=found), folder.resolve(), found and found.resolve())
    try:
        with open_server(session, host, port) as server:
            started(server)
            if browser:
                open_page(server.url)
            server.serve_forever()
    finally:
        session.close()
