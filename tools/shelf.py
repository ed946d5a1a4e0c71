"""The tables of docs/shelf.md: every part of the core that has a seat in a two-player recipe, the quantizers,
and the layers that families share.

    python tools/shelf.py [--check]

Writes the tables into the page, between its marks; with `--check` it says whether they are up to date. A row
is what the code says of itself: the first sentence and the papers of a docstring, the equation that stands at
the method which computes it, and the first test that names the class.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path

import gancore.nn
from gancore.builtin import gancore_parts
from gancore.component.docstrings import summary
from gancore.component.part import Part, seats
from gancore.recipes.gan import TwoPlayerGAN

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "shelf.md"
TESTS = sorted((ROOT / "tests").rglob("test_*.py"), key=lambda file: ("standard" not in file.parts, file))
PLAIN = ["part", "what it is", "paper", "test"]
COMPUTING = {
    "loss": ("discriminator", "generator"),
    "auxiliary": ("discriminator", "generator"),
    "discriminator-regularizer": ("forward",),
    "generator-regularizer": ("forward",),
}
"""The methods whose docstrings are equations."""
CITATION = re.compile(
    r"(?P<who>(?:(?:van|den|de) )*[A-Z][\w-]+(?: & [A-Z][\w-]+| et al\.)? \d{4})"
    r"(?: \([^)]+\))?, (?P<id>arXiv:[\d.]*\d)"
    r"(?P<place>(?:,? (?:and )?(?:sections?|eqs?\.|figs?\.|algorithms?|appendix|tables?) \w+(?:\.\w+)*"
    r"(?:(?:,| and| to) (?:\d\w*|[A-Z])(?:\.\w+)*\b)*)*)"
)


def parts() -> str:
    """A table for each kind of part that has a seat in the two-player recipe."""
    made = []
    for kind, names in seats_by_kind().items():
        head = ["part", "what it is", *(["equation"] if kind in COMPUTING else []), "paper", "test"]
        rows = [row_of(cls) for cls in gancore_parts() if cls.kind == kind]
        if rows:
            made.append(f"### {names}\n\n{table(head, rows)}")
    return "\n\n".join(made)


def row_of(cls: type[Part]) -> list[str]:
    """What the table says of a part."""
    said = [f"`{cls.kind}/{cls.name}`", first_sentence(cls)]
    said += [equations(cls)] if cls.kind in COMPUTING else []
    return [*said, papers(cls), test_of(cls)]


def quantizers() -> str:
    """A table of the quantizers."""
    return table(PLAIN, [row_of(cls) for cls in gancore_parts() if cls.kind == "quantizer"])


def layers() -> str:
    """A table of the layers that say, or whose module says, which paper they are from."""
    rows = []
    for name in gancore.nn.__all__:
        layer = getattr(gancore.nn, name)
        if source := papers(layer) or papers(inspect.getmodule(layer)):
            rows.append([f"`{name}`", first_sentence(layer), source, test_of(layer)])
    return table(["layer", "what it is", "paper", "test"], rows)


def seats_by_kind() -> dict[str, str]:
    """The seats of the two-player recipe for each kind of part."""
    found: dict[str, str] = {}
    for one in seats(TwoPlayerGAN):
        kind = one.interface.kind
        found[kind] = f"{found[kind]} and `{one.name}`" if kind in found else f"`{one.name}`"
    return found


def first_sentence(documented: object) -> str:
    """The first sentence of a docstring."""
    return re.split(r"(?<!al)\.(?: |$)", summary(documented), maxsplit=1)[0]


def equations(cls: type[Part]) -> str:
    """What the docstrings of the methods that compute it say, one for each player."""
    both = inspect.isfunction(getattr(cls, "loss", None))  # one loss for both players
    names = ("loss",) if both else COMPUTING[cls.kind]
    said = [summary(getattr(cls, name)).rstrip(".") for name in names]
    return "; ".join(dict.fromkeys(said))


def papers(documented: object) -> str:
    """The papers that a docstring cites, each with the places in it."""
    text = " ".join((inspect.getdoc(documented) or "").split())
    found = [f"{one['who']}, {one['id']}{one['place']}" for one in CITATION.finditer(text)]
    return "; ".join(dict.fromkeys(found))


def test_of(documented: type | Callable[..., object]) -> str:
    """A link to the first test that names it: in the file called as its own, then in the others, and tests
    that name it themselves before those that use a table or function that does.
    """
    own = f"test_{documented.__module__.rpartition('.')[2]}.py"
    for file in sorted(TESTS, key=lambda file: file.name != own):
        for test in named_in(file).get(documented.__name__, ()):
            return f"[{test.removeprefix('test_').replace('_', ' ')}](../{file.relative_to(ROOT).as_posix()})"
    return ""


_NAMED: dict[Path, dict[str, list[str]]] = {}


def named_in(file: Path) -> dict[str, list[str]]:
    """The tests of a file by the names in them; then by those in functions and tables that they use."""
    if file not in _NAMED:
        body = ast.parse(file.read_text(encoding="utf-8")).body
        used = {name: _names(node) for node in body for name in _defined(node)}
        tests = [name for name in used if name.startswith("test_")]
        found = [(name, test) for test in tests for name in used[test]]
        found += [(n, test) for test in tests for helper in used[test] for n in used.get(helper, ())]
        _NAMED[file] = {name: [test for n, test in found if n == name] for name, _ in found}
    return _NAMED[file]


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    return [one.id for one in getattr(node, "targets", ()) if isinstance(one, ast.Name)]


def _names(node: ast.stmt) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


TABLES = {"parts": parts, "quantizers": quantizers, "layers": layers}


def written(page: str) -> str:
    """The page with the tables as they are now."""
    for name, made in TABLES.items():
        begin, end = f"<!-- {name}: python tools/shelf.py -->", f"<!-- end of {name} -->"
        before, found, rest = page.partition(begin)
        if not found or end not in rest:
            raise SystemExit(f"{PAGE} has no marks {begin} and {end}")
        page = f"{before}{begin}\n\n{made()}\n\n{end}{rest.partition(end)[2]}"
    return page


def main() -> None:
    """Writes the page, or checks it."""
    page = PAGE.read_text(encoding="utf-8")
    new = written(page)
    if "--check" in sys.argv[1:]:
        raise SystemExit("" if new == page else f"{PAGE} is not up to date; run python tools/shelf.py")
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
