"""What gancore can be asked to do: each verb of the command line as a Python function, one file a verb.

A function returns its result and prints nothing; the command line prints. Nothing is written but where
`output` says, except by the verbs whose product is a file (`export`, `report`, `compare`, `new`).
"""

from keyword import iskeyword

NAMES = {"list": "list_parts"}
"""Verbs that are called otherwise in Python: the word stands for something else there."""

ELSEWHERE = {("train", "resume"): "resume"}
"""Options that are functions of their own in Python."""

PYTHON_ONLY = frozenset({"progress", "started", "command"})
"""What only Python says: whom to tell how far it is, and what a run was started by."""


def python_name(word: str) -> str:
    """A verb or an option of the command line as Python writes it: `micro-batch` → `micro_batch`, and a word
    that is a keyword of Python with a trailing underscore, `import` → `import_`.
    """
    name = NAMES.get(word, word).replace("-", "_")
    return f"{name}_" if iskeyword(name) else name
