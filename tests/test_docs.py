"""What the documentation says is so: its Python runs, its commands parse, its links lead somewhere.

A Python block is left out where the word after ```python is `file=…` (then it is a piece of that file) or
`no-run: reason`.
"""

import re
import shlex

import pytest
from documents import FENCE, ROOT, blocks, documents, is_piece, links, run_blocks, scripts

from gancore.component.discovery import registry

IDS = [str(f.relative_to(ROOT)) for f in documents()]


def runnable(file):
    return [b for b in blocks(file) if b.language == "python" and not b.info]


def elsewhere(file):
    """The tutorial's parts must be installed: tests/together/test_tutorial.py runs it."""
    return file == ROOT / "docs/tutorial/README.md"


@pytest.mark.parametrize(
    "file",
    [f for f in documents() if runnable(f) and not elsewhere(f)],
    ids=lambda f: str(f.relative_to(ROOT)),
)
def test_python_blocks_run(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_blocks(file, runnable(file))


@pytest.mark.parametrize("file", documents(), ids=IDS)
def test_what_is_left_out_says_why(file):
    for block in blocks(file):
        reasons = ("file=", "no-run: ")
        fine = not block.info or (block.info.startswith(reasons) and block.info not in reasons)
        assert fine, (
            f"{file}:{block.line}: after ```{block.language} comes file=PATH or no-run: "
            f"REASON, not {block.info!r}"
        )


@pytest.mark.parametrize("file", documents(), ids=IDS)
def test_pieces_of_files_are_in_them(file):
    for block in blocks(file):
        if block.info.startswith("file="):
            source = file.parent / block.info.removeprefix("file=")
            found = is_piece(block.text, source.read_text(encoding="utf-8"))
            assert found, f"{file}:{block.line} is not what stands in {source}"


@pytest.mark.parametrize("file", documents(), ids=IDS)
def test_relative_links_lead_somewhere(file):
    missing = [target for target in links(file) if not (file.parent / target).exists()]
    assert not missing, f"{file} links to {', '.join(missing)}"


def commands(file):
    """The `gancore` commands of console and indented blocks, without what a shell would make of them."""
    text = FENCE.sub("", file.read_text(encoding="utf-8"))
    indented = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    fenced = [b.text for b in blocks(file) if b.language in ("console", "bash", "sh", "shell")]
    for line in "\n".join([*indented, *fenced]).replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:1] == ["gancore"]:
            stop = next((i for i, word in enumerate(words) if word in ("|", ">", "&&", "2>")), len(words))
            yield words[1:stop]


@pytest.mark.parametrize(
    "file", [f for f in documents() if scripts(f)], ids=lambda f: str(f.relative_to(ROOT))
)
def test_scripts_that_are_named_exist(file):
    missing = [path for path in scripts(file) if not (ROOT / path).is_file()]
    assert not missing, f"{file} names {', '.join(missing)}"


@pytest.mark.parametrize(
    "file", [f for f in documents() if list(commands(f))], ids=lambda f: str(f.relative_to(ROOT))
)
def test_commands_parse(file):
    """Verbs and options exist, and their values are of the right type; nothing is run."""
    import typer

    from gancore.cli import app, plugin_verbs

    verbs = {**plugin_verbs.added(), **typer.main.get_group(app).commands}
    for words in commands(file):
        if not words or words[0].startswith("-"):
            continue
        verb = verbs.get(words[0])
        assert verb is not None, f"{file}: there is no verb {words[0]!r}"
        if "--help" not in words:
            try:
                verb.make_context(words[0], list(words[1:]))
            except Exception as error:
                pytest.fail(f"{file}: gancore {' '.join(words)}: {error}")


def test_the_checks_see_what_is_wrong(tmp_path):
    file = tmp_path / "page.md"
    python = "```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n"
    shell = "\n    gancore walk \\\n      --slowly  # please\n\n```console\n$ gancore fly --far > out\n```\n"
    file.write_text("see [it](no.md#x), [out](https://a.b)\n\n" + python + shell)
    assert links(file) == ["no.md"]
    with pytest.raises(AssertionError) as failure:
        run_blocks(file, runnable(file))
    assert failure.traceback[-1].lineno + 1 == 8
    assert list(commands(file)) == [["walk", "--slowly"], ["fly", "--far"]]
    assert is_piece("def f():\n\n    pass\n", "class A:\n    def f():\n        pass\n")
    assert not is_piece("def f():\n    pass\n", "def f():\n    x = 1\n    pass\n")


def test_the_readme_lists_every_recipe_beside_its_plugin():
    table = [row.split("|")[1:3] for row in (ROOT / "README.md").read_text().splitlines() if row[:3] == "| `"]
    told = {(name, plugin.strip()) for names, plugin in table for name in re.findall(r"`([\w-]+)`", names)}
    owners = {"gancore": "the core"}
    owners |= {p.name: f"[{p.name}](plugins/{p.name}/README.md)" for p in ROOT.glob("plugins/gancore-*")}
    known = [one for one in registry().registrations() if one.cls.kind == "recipe"]
    recipes = {(one.cls.name, owners[one.distribution]) for one in known if one.distribution in owners}
    assert len(recipes) > 15 and recipes - told == set()
