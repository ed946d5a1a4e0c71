"""Each command of the command line as a Python function, one file per command.

A function returns its result and prints nothing; `train` and `resume` alone show their progress. It writes
files only to `output`, except for the functions whose result is a file (`export`, `report`, `compare`, `new`)
or a run (`train`).
"""

from keyword import iskeyword

NAMES = {"list": "list_parts", "runs": "list_runs"}
"""Commands with another name in Python, where their own is taken."""

ELSEWHERE = {
    ("train", "resume"): "resume",
    ("list", "json"): "list_parts",
    ("runs", "json"): "list_runs",
    ("table", "csv"): "table",
}
"""Options that are separate functions in Python, or say how a result is printed."""

PYTHON_ONLY = frozenset({"progress", "started", "each", "command", "hold"})
"""Parameters without an option: callbacks, a command line, and whether results are held in memory."""


def python_name(verb: str) -> str:
    """The Python name of a command."""
    return NAMES.get(verb) or python_word(verb)


def python_word(word: str) -> str:
    """The Python name of an option: `micro-batch` → `micro_batch`; Python keywords get a trailing underscore,
    `from` → `from_`.
    """
    name = word.replace("-", "_")
    return f"{name}_" if iskeyword(name) else name
