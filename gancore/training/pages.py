"""The report of a run while it trains."""

import time

from gancore.errors import GancoreError
from gancore.pictures.report import write_report
from gancore.runs.folder import RunFolder

SHARE = 0.05
"""The most of a training's time that its report may take before the end."""


class Pages:
    """Writes the report of a run again at each call, unless that would take more than `SHARE` of the time."""

    def __init__(self) -> None:
        self.next = 0.0
        self.failure = ""

    def write(self, run: RunFolder) -> str:
        """Writes the report if it is due; returns why it could not be written, once for each reason."""
        if (started := time.monotonic()) < self.next:
            return ""
        failure = _failure(run)
        ended = time.monotonic()
        self.next = ended + (ended - started) / SHARE
        before, self.failure = self.failure, failure
        return failure if failure != before else ""


def _failure(run: RunFolder) -> str:
    try:
        write_report(run)
    except GancoreError as error:
        return f"no report: {error}"
    except Exception as error:  # a page must not end a training
        return f"no report: {type(error).__name__}: {error}"
    return ""
