"""Reads the text files of a run, which may be incomplete or missing."""

import json
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gancore.errors import RunError
from gancore.storage.inside import read_file, read_utf8
from gancore.storage.jsonl import Line, read_lines

LIFE = {"finished": "finished", "stopped": "stopped", "resumed": "not finished"}
REPORT = {"step", "images", "seconds", "scalars"}


@dataclass(frozen=True)
class Alarm:
    """A warning raised during a run: what was observed, after how many images, and what to try.

    Attributes:
        changes: what to try, as options of the recipe by path.
        later: whether it still held, in each evaluation since.
    """

    name: str
    images: int | None
    text: str
    advice: tuple[str, ...]
    changes: tuple[dict[str, Any], ...] = ()
    later: tuple[bool, ...] = ()


@dataclass(frozen=True)
class RunLog:
    """A snapshot of the lines of a log.

    Attributes:
        lines: the complete lines; none if the log cannot be read.
        damage: why it cannot be read, empty if it can.
    """

    lines: tuple[Line, ...] = ()
    damage: str = ""

    @property
    def reports(self) -> list[Line]:
        """The lines with scalars and their position in the training."""
        return [line for line in self.lines if line.keys() >= REPORT]

    @property
    def events(self) -> list[Line]:
        """The lines that name an event."""
        return [line for line in self.lines if "event" in line]

    def of(self, event: str) -> list[Line]:
        """The lines of one kind of event, such as `scores`."""
        return [line for line in self.events if line["event"] == event]

    @property
    def alarms(self) -> list[Alarm]:
        """The warnings raised during training, in order; one that was raised again is there once."""
        first: dict[str, Alarm] = {}
        for alarm in map(_alarm, self.of("alarm")):
            first.setdefault(alarm.name, alarm)
        return [replace(alarm, later=self._later(alarm)) for alarm in first.values()]

    def _later(self, alarm: Alarm) -> tuple[bool, ...]:
        return tuple(
            alarm.name in line["alarms"]
            for line in self.of("scores")
            if isinstance(line.get("alarms"), list) and _after(line, alarm.images)
        )

    @property
    def finished(self) -> Line | None:
        """The line that says how the run ended; None if it has not ended."""
        return next(reversed(self.of("finished")), None)

    @property
    def state(self) -> str:
        """The state of the run; one that was killed looks like one that is still running."""
        names = [line["event"] for line in self.events if line["event"] in LIFE]
        if names:
            return LIFE[names[-1]]
        return "not finished" if self.lines else "not started"


def read_log(file: Path) -> RunLog:
    """The log in a file; a missing file has no lines."""
    try:
        return RunLog(tuple(read_lines(file)))
    except RunError as error:
        return RunLog(damage=str(error))


def toml_or_why_not(file: Path, content: str = "") -> tuple[dict[str, Any], str]:
    """A table, or an empty one and a sentence that says why; `content` describes what the file contains."""
    if not file.exists():
        return {}, f"{file.name} is not there: {content} cannot be shown."
    try:
        return tomllib.loads(read_utf8(file)), ""
    except (ValueError, RecursionError) as error:
        return {}, f"{file.name} is not valid TOML: {error}."


def text_of(file: Path) -> str:
    """The text of a file, empty if there is none."""
    return read_file(file).decode("utf-8", errors="replace") if file.exists() else ""


def json_object(file: Path) -> dict[str, Any]:
    """A JSON object, empty if the file holds none."""
    try:
        found = json.loads(read_utf8(file))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _after(line: Line, images: int | None) -> bool:
    return images is not None and isinstance(line.get("images"), int) and line["images"] > images


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _alarm(line: Line) -> Alarm:
    images, changes = line.get("images"), line.get("changes")
    return Alarm(
        name=str(line.get("name", "alarm")),
        images=images if isinstance(images, int) else None,
        text=str(line.get("text", "")),
        advice=_texts(line.get("advice")),
        changes=tuple(one for one in changes if isinstance(one, dict)) if isinstance(changes, list) else (),
    )
