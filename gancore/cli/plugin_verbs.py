"""The verbs of plugins: named for help and completion without importing a plugin, and found to be run."""

import ast
from collections.abc import Iterator
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from gancore.console.terminal import say
from gancore.errors import BrokenPlugin, shown

PANEL = "Commands of plugins"


def named() -> dict[str, Any]:
    """A stand-in for each verb that an installed plugin adds by `app.command("name", help="…")` in its hook
    `gancore_commands`, as the source of its module says; it lists the verb and cannot be run.
    """
    # gancore.component.discovery has the name of the group too, but imports torch
    found = {}
    for entry in sorted(entry_points(group="gancore"), key=lambda entry: entry.name):
        for name, help in _written(entry):
            found[name] = _stand_in(name, help, entry.dist.name if entry.dist else entry.module)
    return found


def added() -> dict[str, Any]:
    """The verbs of all plugins, which are imported for this; those that fail are named."""
    from gancore.component.discovery import host

    extra = typer.Typer(add_completion=False)
    extra.callback()(lambda: None)
    for text in host().ask("gancore_commands", app=extra)[1]:
        say(shown(f"gancore: {text}"), err=True)
    return dict(typer.main.get_group(extra).commands)


def _stand_in(name: str, help: str, distribution: str) -> Any:
    def refuse() -> None:
        raise BrokenPlugin(
            f"{distribution}, which adds the command {name}, could not be loaded; `gancore plugins` says why"
        )

    text = f"{help or 'See its --help.'} ({distribution})"
    return TyperCommand(name, callback=refuse, help=text, rich_help_panel=PANEL)


def _written(entry: EntryPoint) -> Iterator[tuple[str, str]]:
    """Name and help of each verb; none if the source cannot be read."""
    try:
        source = _source(entry.module)
        tree = ast.parse("" if source is None else source.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, ImportError):
        return
    for hook in tree.body:
        if isinstance(hook, ast.FunctionDef) and hook.name == "gancore_commands":
            yield from filter(None, map(_command, ast.walk(hook)))


def _command(node: ast.AST) -> tuple[str, str] | None:
    match node:
        case ast.Call(
            func=ast.Attribute(attr="command"), args=[ast.Constant(value=str() as name)], keywords=options
        ):
            texts = {word.arg: word.value.value for word in options if isinstance(word.value, ast.Constant)}
            return name, str(texts.get("help", ""))
    return None


def _source(module: str) -> Path | None:
    """The file of a module, found without importing the packages around it."""
    package, _, _ = module.rpartition(".")
    parent = None if not package else _source(package)
    if package and parent is None:
        return None
    spec = PathFinder.find_spec(module, None if parent is None else [str(parent.parent)])
    return Path(spec.origin) if spec is not None and spec.origin else None
