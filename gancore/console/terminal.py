"""What the command line prints: never a control sequence that stands in a file, in any encoding."""

import io
import os
import shutil
import sys
from textwrap import fill

from gancore.errors import shown
from gancore.progress import tell


def say(text: object, *, err: bool = False) -> None:
    """Prints each line of a text as `gancore.errors.shown` shows it, in the place of any progress. Messages
    (`err`) are broken between words on a terminal; tables are left as they are.
    """
    tell("")
    stream = sys.stderr if err else sys.stdout
    width = shutil.get_terminal_size().columns if err and stream.isatty() else 0
    lines = [broken(shown(line), width) for line in str(text).split("\n")]
    print("\n".join(lines), file=stream, flush=True)


def broken(line: str, width: int) -> str:
    """The line in pieces of at most this width, each after the first indented; 0 leaves it whole."""
    if not width or len(line) <= width:
        return line
    return fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def no_closed_stream() -> None:
    """Lets a process that was started without an output, as by `2>&-`, print to nowhere; so no file that it
    opens later takes the number of that output either.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115


def any_encoding() -> None:
    """Lets a terminal of few characters, as ASCII or cp1252, show the codes of those that it has not."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
