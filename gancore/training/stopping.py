"""Ctrl-C, SIGTERM and SIGHUP: the first makes the loop save and stop, the second ends the process at once."""

import signal
import threading
import time
from types import FrameType
from typing import Any, Self

ECHO = 1.0
"""Seconds in which a second signal to one of several processes is taken for a forwarded first one.
"""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
if hasattr(signal, "SIGHUP"):  # not on Windows; the terminal was closed, or the connection to it
    CODES[signal.SIGHUP] = 129


class Stopping:
    """A context that records the first signal instead of letting it end the process.

    Signals that the process was started to ignore stay ignored. `shared` means that this is one of several
    processes: Ctrl-C then reaches each of them twice, from the terminal and from the launcher.
    """

    def __init__(self, *, shared: bool = False) -> None:
        self.shared, self.since = shared, 0.0
        self.signal: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    @property
    def asked(self) -> bool:
        """Whether a signal asked to stop."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP."""
        return CODES.get(self.signal, 1) if self.signal else 1

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in CODES if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal is None:
            self.signal, self.since = signal.Signals(number), time.monotonic()
            if not self.shared:
                self._let_go()
        elif time.monotonic() - self.since > ECHO:
            self._let_go()
            signal.raise_signal(number)

    def _let_go(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
