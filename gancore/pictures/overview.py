"""The facts of several runs, a row for each, and what they have in common."""

from collections.abc import Sequence

from gancore.pictures.compared import Compared
from gancore.pictures.differences import run_mark
from gancore.pictures.page import said, table
from gancore.pictures.sections import facts


def overview(compared: Sequence[Compared]) -> str:
    """A table with a column for each fact that differs, and a line of those that do not."""
    tables = [_facts(one) for one in compared]
    names = list(dict.fromkeys(name for one in tables for name in one))
    common = [name for name in names if len({one.get(name) for one in tables}) == 1]
    apart = [name for name in names if name not in common]
    rows = [
        [run_mark(one.index, one.name), *(said(facts.get(name, "")) for name in apart)]
        for one, facts in zip(compared, tables, strict=True)
    ]
    same = " · ".join(f"{name} {tables[0][name]}" for name in common)
    line = f'<p class="hint">In common: {said(same)}</p>' if same else ""
    return table(["run", *apart], rows, "runs") + line


def _facts(one: Compared) -> dict[str, str]:
    alarms = {"alarms": str(len(one.run.log.alarms) or "none")}
    return {"recipe": one.run.name, "state": one.run.state, **dict(facts(one.run)), **alarms}
