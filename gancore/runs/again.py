"""The commands that make a run again."""

import json
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gancore.storage.text import without_home

if TYPE_CHECKING:
    from gancore.runs.folder import RunFolder

TRAIN_OPTIONS = ("images", "batch", "micro_batch", "precision", "seed")


def commands(run: "RunFolder") -> Iterator[str]:
    """The command that began the run, and those with which it went on where they changed something, each
    after a comment that says when. Paths in a home folder begin with `~`. None if the folder does not tell.
    """
    changes = [change for change in run.facts.get("changes") or () if isinstance(change, Mapping)]
    first = [str(word) for word in run.facts.get("command") or ()]
    if not first and not (first := _put_together(run)):
        return
    if changes and not run.facts.get("command"):
        yield f"# {run.recipe_file.name} is that of the end of the run"
    yield line(first)
    for change in changes:
        yield f"# it was stopped at {change.get('after')} images, and went on with"
        yield line(["gancore", "train", "--resume", _folder(run, first), *_options(change)])


def begun_by(run: "RunFolder") -> str:
    """The command that began the run, without the folder that it was to be written to; empty if unknown."""
    words = [str(word) for word in run.facts.get("command") or ()]
    kept = [word for before, word in pairwise(["", *words]) if "--output" not in (before, word)]
    return line([word for word in kept if not word.startswith("--output=")])


def line(words: list[str]) -> str:
    """Words as a line for a shell; paths in a home folder begin with `~`."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    short = without_home(word)
    if short != word and short.startswith("~/"):
        return f"~/{shlex.quote(short[2:])}"  # a shell does not expand a quoted ~
    return shlex.quote(short)


def _put_together(run: "RunFolder") -> list[str]:
    """The command of a run that was not begun on the command line; empty without a recipe and data."""
    facts = run.facts
    data, settings = facts.get("data") or {}, facts.get("settings") or {}
    if not run.recipe_text or not data.get("sources"):
        return []
    words = ["gancore", "train", str(run.recipe_file)]
    for source in map(str, data["sources"]):
        words += ["--data", source]
    words += ["--paired"] if data.get("paired") else []
    words += ["--source-from", str(made)] if (made := data.get("source_from")) else []
    if place := (data.get("first_stage") or {}).get("place"):
        words += ["--first-stage", str(place)]
    for name in (n for n in TRAIN_OPTIONS if n in settings):
        words += [f"--{name.replace('_', '-')}", str(settings[name])]
    return words


def _folder(run: "RunFolder", first: list[str]) -> str:
    """The folder that the first command names, else the one where the run lies."""
    named = [after for word, after in pairwise(first) if word == "--output"]
    return named[0] if named else str(run)


def _options(change: Mapping[str, Any]) -> Iterator[str]:
    """The options that say what changed."""
    for name, value in change.items():
        if name == "set":
            yield from set_options(value)
        elif name == "data":
            for source in value:
                yield from ("--data", str(source))
        elif name != "after":
            yield from (f"--{name.replace('_', '-')}", str(value))


def going_on(run: object, changes: Mapping[str, Any]) -> str:
    """The command that goes on with a run with options of its recipe changed."""
    return line(["gancore", "train", "--resume", str(run), *set_options(changes)])


def set_options(changes: Mapping[str, Any]) -> Iterator[str]:
    """Changes by path as options of the command line."""
    for path, value in changes.items():
        yield from ("--set", f"{path}={_as_set(value)}")


def _as_set(value: Any) -> str:
    """A value as `--set` reads it: TOML, or plain text that is not TOML."""
    if not isinstance(value, str):
        return _toml(value)
    try:
        tomllib.loads(f"value = {value}")
    except ValueError:
        return value
    return _toml(value)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value) if isinstance(value, str | bool) else repr(value)
