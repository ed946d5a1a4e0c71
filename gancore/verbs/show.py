"""A part as editable TOML, or its documentation."""

from pathlib import Path

from gancore.component.creating import create
from gancore.component.description import describe
from gancore.component.specs import spec, to_toml
from gancore.verbs.commented import commented
from gancore.verbs.words import Changes, changes_of


def show(name: str | Path, *, set: Changes = (), doc: bool = False) -> str:
    """A recipe or part with all its options as TOML text, each with its help and range as a comment; or its
    documentation.

    Args:
        name: a recipe (stylegan), a .toml file, or another part (path-length), with its kind if the name is
            ambiguous (loss/hinge).
        set: fields by path, e.g. {"generator.width": 96} or ["generator.width=96"].
        doc: return the documentation instead, that of `describe`.

    Raises:
        UnknownPart, AmbiguousPart, BrokenPlugin: see `create`. SpecError: a field or the file does not exist.
    """
    if doc and not str(name).lower().endswith(".toml"):
        return str(describe(str(name)))
    part = create(name, changes_of(set))
    return str(describe(part)) if doc else commented(to_toml(spec(part)), part)
