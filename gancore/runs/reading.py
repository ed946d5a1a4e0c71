"""What a run folder says of its run, however much of it is there yet."""

import re
import shlex
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gancore.errors import RunError
from gancore.storage.jsonl import Line, read_lines

LIFE = {"finished": "finished", "stopped": "stopped", "resumed": "not finished"}
REPORT = {"step", "images", "seconds", "scalars"}
TRAIN_OPTIONS = ("images", "batch", "micro_batch", "precision", "seed")


@dataclass(frozen=True)
class Alarm:
    """A warning that a run raised: what was seen after how many images, and what to try."""

    name: str
    images: int | None
    text: str
    advice: tuple[str, ...]


@dataclass
class RunFolder:
    """The texts and numbers of a run.

    Attributes:
        recipe_text: ``recipe.toml`` as written, empty where there is none.
        recipe: ``recipe.toml`` as a table.
        facts: ``run.toml`` as a table.
        lines: the whole lines of ``log.jsonl``.
        missing: one sentence for each thing that is not there or cannot be read.
    """

    path: Path
    recipe_text: str = ""
    recipe: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def reports(self) -> list[Line]:
        """The lines that hold scalars and say where in the training they belong."""
        return [line for line in self.lines if line.keys() >= REPORT]

    @property
    def events(self) -> list[Line]:
        """The lines that name an event."""
        return [line for line in self.lines if "event" in line]

    @property
    def alarms(self) -> list[Alarm]:
        """The warnings raised while it trained, in their order."""
        return [_alarm(line) for line in self.events if line["event"] == "alarm"]

    @property
    def name(self) -> str:
        """The recipe's bare name, where it is not known the folder's name without its number."""
        part = str(self.recipe.get("part", ""))
        return part.rpartition(":")[2] or re.sub(r"^\d+-", "", self.path.resolve().name)

    @property
    def settings(self) -> dict[str, Any]:
        """How the recipe was trained."""
        return self._table("settings")

    @property
    def sources(self) -> list[str]:
        """The data as the user named them."""
        return list(map(str, self._table("data").get("sources", [])))

    @property
    def data(self) -> str:
        """The data in words, empty where nothing is known."""
        return " and ".join(self.sources) or str(self._table("data").get("description", ""))

    @property
    def state(self) -> str:
        """Whether the run reached its end; one that was killed looks like one that goes on."""
        names = [line["event"] for line in self.events if line["event"] in LIFE]
        if names:
            return LIFE[names[-1]]
        return "not finished" if self.lines else "not started"

    def command(self) -> str:
        """The command that makes this run again, empty where the folder does not say enough for one."""
        if self.facts.get("command"):
            return shlex.join(map(str, self.facts["command"]))
        if not self.recipe_text or not self.sources:
            return ""
        words = ["gancore", "train", str(self.path / "recipe.toml")]
        for source in self.sources:
            words += ["--data", source]
        for name in TRAIN_OPTIONS:
            if name in self.settings:
                words += [f"--{name.replace('_', '-')}", str(self.settings[name])]
        return shlex.join(words)

    def _table(self, name: str) -> dict[str, Any]:
        table = self.facts.get(name)
        return table if isinstance(table, dict) else {}


def read_run(path: Path) -> RunFolder:
    """Read what there is; what is not there or cannot be read is named in ``missing``.

    Raises:
        RunError: ``path`` is not a folder.
    """
    if not path.is_dir():
        raise RunError(f"{path} is not a folder; expected the folder of a run, such as runs/0007-dcgan.")
    run = RunFolder(path)
    run.recipe_text, run.recipe = _toml(run, "recipe.toml", "what was trained")
    _, run.facts = _toml(run, "run.toml", "data, seed and environment")
    try:
        run.lines = read_lines(path / "log.jsonl")
    except RunError as error:
        run.missing.append(str(error))
    else:
        if not run.reports:
            run.missing.append("log.jsonl holds no report yet: there are no curves.")
    return run


def _alarm(line: Line) -> Alarm:
    advice, images = line.get("advice"), line.get("images")
    return Alarm(
        name=str(line.get("name", "alarm")),
        images=images if isinstance(images, int) else None,
        text=str(line.get("text", "")),
        advice=tuple(map(str, advice)) if isinstance(advice, list) else (),
    )


def _toml(run: RunFolder, name: str, content: str) -> tuple[str, dict[str, Any]]:
    file = run.path / name
    if not file.exists():
        run.missing.append(f"{name} is not there: {content} cannot be shown.")
        return "", {}
    text = file.read_bytes().decode("utf-8", errors="replace")
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        run.missing.append(f"{name} is not valid TOML: {error}.")
        return text, {}
