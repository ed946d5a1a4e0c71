"""Several runs as a table: a row each, with what differs, the images seen, and the scores."""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import attrs

from gancore.errors import RunError, UserError
from gancore.pictures.differences import differences, distinct_names
from gancore.pictures.judged import protocol_words
from gancore.pictures.scores import Evaluated, read_evaluations
from gancore.runs.folder import RunFolder, existing
from gancore.runs.layout import EVALUATION

ERROR = " ±"
"""At the end of the name of a column of standard errors."""


@attrs.frozen(repr=False)
class RunTable:
    """Rows of named cells. Prints as Markdown; `pandas.DataFrame(found.rows)` is a data frame of it."""

    rows: tuple[dict[str, Any], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the cells, in order."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def to_csv(self) -> str:
        """Comma-separated values with a header, numbers in full."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue()

    def to_markdown(self) -> str:
        """A table in Markdown, with numbers of five digits and standard errors beside them."""
        lines = [[*map(_cell, line)] for line in self._lines()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        lines.insert(1, ["-" * width for width in widths])
        return "".join(
            f"| {' | '.join(cell.ljust(w) for cell, w in zip(line, widths, strict=True))} |\n"
            for line in lines
        )

    def __str__(self) -> str:
        return self.to_markdown().rstrip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *body = self._lines()
        return f"<table>{_html_row(head, 'th')}{''.join(_html_row(line, 'td') for line in body)}</table>"

    def _lines(self) -> list[list[str]]:
        """The names of the columns, then the cells of each row, as text."""
        rows = [_with_errors(row) for row in self.rows]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        return [columns, *([row.get(name, "") for name in columns] for row in rows)]


def table(runs: Sequence[str | os.PathLike[str]]) -> RunTable:
    """Runs by rows: state, what differs in recipe, data and settings, images seen, and scores with the
    protocol by which they were computed: those that `gancore evaluate` wrote if all runs have them, else the
    newest of each training.

    Args:
        runs: run folders.

    Raises:
        UserError: no run is given, or one twice. RunError: a folder is not a run.
    """
    folders = [_run(Path(run)) for run in runs]
    whole = [folder.path.resolve() for folder in folders]
    if not folders or len(set(whole)) < len(whole):
        raise UserError("table takes one or more runs, each once: gancore table runs/0001-gan runs/0002-vae")
    names = distinct_names(whole) if len(whole) > 1 else [whole[0].name]
    different = _different(folders)
    scored = _comparable([read_evaluations(folder)[0] for folder in folders])
    errors = {name for one in scored for name, reading in one.readings.items() if reading.error is not None}
    return RunTable(
        tuple(
            {
                "run": name,
                "recipe": folder.name,
                "state": folder.state,
                **{column: values[index] for column, values in different.items()},
                "images": folder.seen,
                **dict(_scores(one, errors)),
            }
            for index, (name, folder, one) in enumerate(zip(names, folders, scored, strict=True))
        )
    )


def _run(path: Path) -> RunFolder:
    if not (run := existing(path)).exists:
        raise RunError(f"{path} is not a run; give the folder that `gancore train` made")
    return run


def _with_errors(row: Mapping[str, Any]) -> dict[str, str]:
    """The cells as text, each standard error in the cell of its score."""
    errors = {name.removesuffix(ERROR): value for name, value in row.items() if name.endswith(ERROR)}
    return {
        name: f"{_text(value)}{ERROR} {errors[name]:.2g}" if errors.get(name) is not None else _text(value)
        for name, value in row.items()
        if not name.endswith(ERROR)
    }


def _html_row(line: Sequence[str], kind: str) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(cell)}</{kind}>' for cell in line)}</tr>"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _different(folders: Sequence[RunFolder]) -> dict[str, list[str | None]]:
    """The dotted fields of recipes, settings and data that differ, each with its value in every run."""
    tables = [_told(folder) for folder in folders]
    return dict(differences(tables))


def _told(folder: RunFolder) -> dict[str, Any]:
    return {**folder.recipe_table, "settings": folder.settings_table, "data": folder.data_words}


def _comparable(found: Sequence[Sequence[Evaluated]]) -> list[Evaluated]:
    """One evaluation of each run: what `gancore evaluate` wrote if all have that, else the newest of each
    training.
    """
    named = [[one for one in several if one.name == EVALUATION] for several in found]
    trained = [[one for one in several if not one.name] for several in found]
    preferred = named if all(named) else trained
    return [
        next(iter([*first, *several]), Evaluated("", None, {}))
        for first, several in zip(preferred, found, strict=True)
    ]


def _scores(one: Evaluated, errors: set[str]) -> Iterator[tuple[str, Any]]:
    if one.readings:
        yield "evaluated at", one.images
        yield "protocol", protocol_words(one.protocol)
    for name, reading in one.readings.items():
        yield name, reading.value
        if name in errors:
            yield f"{name}{ERROR}", reading.error
