"""Runs that are compared: what sets each apart, and which of them are replications."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from gancore.pictures.differences import differences
from gancore.pictures.scores import Evaluated
from gancore.runs.folder import RunFolder
from gancore.storage.text import without_home

HOW_IT_IS_RUN = frozenset({"device", "threads", "compile", "micro_batch"})
HOW_IT_IS_KEPT = frozenset({"keep", "checkpoint_every", "sample_every", "report_every"})
"""Settings that do not decide what a training comes to."""
SEED, CONTENT = "settings.seed", "data fingerprint"
MOST, LONGEST = 3, 28
"""Fields in a label, and characters of a value there."""


@dataclass
class Compared:
    """A run with its place and name on the page, and a few words on what sets it apart."""

    index: int
    name: str
    run: RunFolder
    evaluations: list[Evaluated]
    missing: list[str]
    label: str = ""

    @property
    def title(self) -> str:
        """Name and label."""
        return f"{self.name} · {self.label}" if self.label else self.name

    def evaluation(self, name: str) -> Evaluated | None:
        """The evaluation of that name."""
        return next((one for one in self.evaluations if one.name == name), None)


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed alone, or a single run; `label` says what else sets them apart."""

    runs: list[Compared]
    label: str = ""

    @property
    def index(self) -> int:
        """The place of the first run."""
        return self.runs[0].index

    @property
    def name(self) -> str:
        """The first run's name, and how many more there are."""
        more = len(self.runs) - 1
        return f"{self.runs[0].name} and {more} more" if more else self.runs[0].name

    @property
    def title(self) -> str:
        """Name and label."""
        return f"{self.name} · {self.label}" if self.label else self.name


def essentials(run: RunFolder) -> dict[str, Any]:
    """What the results of a run follow from: recipe, settings with the batch it came to, data, changes."""
    settings = {
        name: v for name, v in run.settings_table.items() if name not in HOW_IT_IS_RUN | HOW_IT_IS_KEPT
    }
    batch = {} if run.batch is None else {"batch": run.batch}
    told = {"gancore", *batch}  # the batch that counts is the one that it came to
    recipe = {name: value for name, value in run.recipe_table.items() if name not in told}
    changes = {"changes": found} if (found := run.facts.get("changes")) else {}
    data = {"data": run.data_words or "unknown", CONTENT: _fingerprint(run)[:12]}
    if run.first_stage_words:
        data["first stage"] = run.first_stage_words
    return {**recipe, "settings": {**settings, **batch}, **data, **changes}


def groups(compared: Sequence[Compared]) -> list[Group]:
    """The runs, those that differ in their seed alone together."""
    found: list[Group] = []
    apart = labels(compared, {SEED})
    for one in compared:
        mine = next((group for group in found if _replicates(group.runs[0].run, one.run)), None)
        if mine is None:
            found.append(Group([one], apart[one.index]))
        else:
            mine.runs.append(one)
    return found


def labels(compared: Sequence[Compared], besides: Collection[str] = ()) -> list[str]:
    """A few words for each run on what sets it apart from the others, `besides` some fields; empty if nothing
    does.
    """
    every = differences([essentials(one.run) for one in compared])
    found = [(name, values) for name, values in every if name not in besides]
    return [_label([(name, values[index]) for name, values in found]) for index in range(len(compared))]


def _replicates(one: RunFolder, other: RunFolder) -> bool:
    """Whether two runs that have seen as many images differ in their seed alone."""
    apart = [name for name, _ in differences([essentials(one), essentials(other)])]
    if _fingerprint(one):  # the same images may lie elsewhere
        apart = [name for name in apart if name != "data"]
    return bool(one.recipe_table) and apart == [SEED] and _seen(one) == _seen(other)


def _fingerprint(run: RunFolder) -> str:
    data = run.facts.get("data")
    return str(data.get("fingerprint", "")) if isinstance(data, dict) else ""


def _seen(run: RunFolder) -> int | None:
    reports = run.log.reports
    return reports[-1]["images"] if reports else None


def _label(fields: Sequence[tuple[str, str | None]]) -> str:
    shown = [_entry(name, value) for name, value in fields if value is not None][:MOST]
    more = sum(value is not None for _, value in fields) - len(shown)
    return ", ".join(shown) + (f", {more} more" if more > 0 else "")


def _entry(name: str, value: str) -> str:
    value = without_home(value)
    short = value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
    *_, owner, leaf = ["", *name.split(".")]
    if leaf == "part":
        return f"{owner} {short.rpartition(':')[2]}".strip()
    return f"{leaf.replace('_', ' ')} {short}"
