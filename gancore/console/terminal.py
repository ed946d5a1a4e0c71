"""What the command line prints: never a control sequence that stands in a file, in any encoding."""

import io
import sys

from gancore.errors import shown


def say(text: object, *, err: bool = False) -> None:
    """Prints each line of a text as `gancore.errors.shown` shows it."""
    lines = [shown(line) for line in str(text).split("\n")]
    print("\n".join(lines), file=sys.stderr if err else sys.stdout, flush=True)


def any_encoding() -> None:
    """Lets a terminal of few characters, as ASCII or cp1252, show the codes of those that it has not."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
