"""The report of a run over HTTP, as new as the run."""

import threading
from http import HTTPStatus
from urllib.parse import urlsplit

from gancore.explorer.answer import Answer
from gancore.explorer.server import Handler, Refused
from gancore.pictures.report import report_page
from gancore.runs.folder import RunFolder, existing


class WatchedRun:
    """The report of a run, made again where something in its folder has changed; nothing is written there.

    Raises:
        RunError: it is not a folder.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = existing(run)
        self._lock = threading.Lock()
        self._made: tuple[object, bytes] | None = None

    def page(self) -> bytes:
        """The page as it is now."""
        with self._lock:
            trace = self._trace()
            if self._made is None or self._made[0] != trace:
                self._made = trace, report_page(self.run).encode("utf-8", errors="replace")
            return self._made[1]

    def _trace(self) -> object:
        """What differs once anything that the page shows has changed."""
        run = self.run
        files = (run.recipe_file, run.settings_file, run.log_file)
        folders = (run.samples_folder, run.scores_folder, run.pictures_folder)
        stats = [path.stat() for path in (*files, *folders) if path.exists()]
        return run.state, [(stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats]


class ReportHandler(Handler):
    """Answers with the report of a `WatchedRun`, and nothing else."""

    policy = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    """Beside the one that the page itself states."""

    def _get(self) -> None:
        self._check_get()
        if (path := urlsplit(self.path).path) != "/":
            raise Refused(HTTPStatus.NOT_FOUND, f"there is nothing at {path[:80]}; the report is at /")
        self._give(Answer(self.server.session.page(), "text/html; charset=utf-8"))

    def _post(self) -> None:
        self.close_connection = True
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "the report can only be read")
