"""Ctrl-C and SIGTERM: the first asks the loop to save and leave, the second ends the process at once."""

import signal
import threading
from types import FrameType
from typing import Any, Self

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Stopping:
    """While entered, remembers the first signal instead of dying of it."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    @property
    def asked(self) -> bool:
        """Whether somebody asked to stop."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM."""
        return CODES.get(self.signal, 1) if self.signal else 1

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in CODES}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        for each, handler in self._before.items():
            signal.signal(each, handler)
