"""Code blocks and links of Markdown files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import NamedTuple

from gancore import host

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SCRIPT = re.compile(r"(?:python3? |`)(?P<path>(?:benchmarks|tools|plugins|tests)/[\w./-]+\.py)")
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)[^)]*\)|<img[^>]*\ssrc=\"(?P<source>[^\"]+)\"")


class Block(NamedTuple):
    """A fenced block: the word after the fence, what follows it, the text, and the line it begins at."""

    language: str
    info: str
    text: str
    line: int


def documents():
    """Every Markdown file that people read."""
    files = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")]
    return sorted(f for f in files if "node_modules" not in f.parts)


def blocks(file: Path) -> list[Block]:
    """The fenced blocks of a file, in order."""
    text = file.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        language, _, info = match["info"].strip().partition(" ")
        found.append(Block(language, info.strip(), match["text"], text.count("\n", 0, match.start()) + 2))
    return found


def links(file: Path) -> list[str]:
    """The relative targets of links and pictures, without their anchors."""
    text = FENCE.sub("", file.read_text(encoding="utf-8"))
    found = [match["target"] or match["source"] for match in LINK.finditer(text)]
    return [target.partition("#")[0] for target in found if not re.match(r"[a-z]+:|#", target)]


def scripts(file: Path) -> list[str]:
    """The Python files of the repository that a document names, by their paths in it."""
    return [match["path"] for match in SCRIPT.finditer(file.read_text(encoding="utf-8"))]


def is_piece(piece: str, source: str) -> bool:
    """Whether the lines of `piece` follow each other in `source`, at whatever indentation; formatters change
    blank lines and that.
    """
    mine, theirs = ([line for line in text.splitlines() if line.strip()] for text in (piece, source))
    places = [theirs[i : i + len(mine)] for i in range(len(theirs))]
    return any([indent + line for line in mine] in places for indent in ("", "    "))


def run_blocks(file: Path, several: list[Block]) -> None:
    """Runs Python blocks one after the other, as one program; a traceback shows the file's own lines. What
    they register is forgotten.
    """
    names = {"__name__": f"document_{file.stem.lower()}"}
    with own_registry():
        for block in several:
            exec(compile("\n" * (block.line - 1) + block.text, str(file), "exec"), names)


@contextmanager
def own_registry() -> Iterator[None]:
    """The host has a registry that knows what it knew, and nothing that is added meanwhile is kept."""
    known = host().registry
    host().registry = copy(known)
    host().registry.__dict__ |= {
        name: {key: copy(value) for key, value in held.items()}
        for name, held in vars(known).items()
        if isinstance(held, dict)
    }
    try:
        yield
    finally:
        host().registry = known
