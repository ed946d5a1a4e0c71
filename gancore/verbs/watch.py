"""The report of a run as a page in the browser that follows it."""

import os
from collections.abc import Callable
from pathlib import Path

from gancore.explorer.server import Server, open_server
from gancore.explorer.watched import ReportHandler, WatchedRun
from gancore.runs.folder import RunFolder
from gancore.verbs.browser import open_page


def watch(
    run: str | os.PathLike[str],
    *,
    port: int = 8766,
    host: str = "127.0.0.1",
    browser: bool = True,
    started: Callable[[Server], None] = lambda server: None,
) -> None:
    """Serves the report of a run, which follows the training, until it is interrupted (Ctrl-C).

    Args:
        run: a run folder, finished or not; nothing is written there.
        port: port to listen on; 0 for any free one.
        host: address to listen on; any but loopback is open to other machines.
        browser: whether to open the page.
        started: called with the server (which has `url` and `local`) once it listens.

    Raises:
        RunError: the run is not a folder. UserError: the port cannot be used.
        KeyboardInterrupt: it was interrupted; the server is closed.
    """
    with open_server(WatchedRun(RunFolder(Path(run))), host, port, ReportHandler) as server:
        started(server)
        if browser:
            open_page(server.url)
        server.serve_forever()
