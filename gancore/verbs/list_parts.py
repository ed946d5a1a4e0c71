"""The available parts."""

from fnmatch import fnmatchcase
from html import escape

import attrs

from gancore.component.discovery import registry
from gancore.component.part import Part, first_paragraph, summary
from gancore.component.presets import Preset
from gancore.verbs.aligned import columns


@attrs.frozen
class Listed:
    """A part or preset in a list: its kind, its name, the distribution that offers it, its class, and what it
    is in a line.
    """

    kind: str
    name: str
    distribution: str
    cls: type[Part] = attrs.field(repr=False)
    summary: str = attrs.field(repr=False)

    @property
    def qualified_name(self) -> str:
        """Kind, distribution and name, as `create` and `describe` take them; unique among all plugins."""
        return f"{self.kind}/{self.distribution}:{self.name}"


class PartList(list[Listed]):
    """Parts sorted by kind, name and distribution; prints as a table."""

    @property
    def names(self) -> list[str]:
        """The bare names."""
        return [part.name for part in self]

    def __str__(self) -> str:
        rows = [(part.kind, part.name, part.distribution, part.summary) for part in self]
        return columns([("kind", "name", "plugin", "description"), *rows])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = [(p.kind, p.name, p.distribution, p.summary) for p in self]
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
        return f"<table><tr><th>kind</th><th>name</th><th>plugin</th><th>description</th></tr>{body}</table>"


def list_parts(kind: str | None = None, *, pattern: str | None = None) -> PartList:
    """The parts of all plugins, by kind.

    Args:
        kind: recipe, generator, loss, …; default: all.
        pattern: of names, with * and ? as wildcards, e.g. `"*gan*"`; default: all.

    Raises:
        UnknownPart: there is no such kind.
    """
    kind = kind if kind is None else registry().check_kind(kind)
    parts = [
        Listed(found.cls.kind, found.cls.name, found.distribution, found.cls, summary(found.cls))
        for found in registry().registrations(kind)
    ]
    parts += [_preset(found.distribution, found.preset) for found in registry().presets(kind)]
    parts.sort(key=lambda part: (part.kind, part.name, part.distribution))
    return PartList(part for part in parts if pattern is None or fnmatchcase(part.name, pattern))


def _preset(distribution: str, preset: Preset) -> Listed:
    return Listed(preset.kind, preset.name, distribution, preset.base, first_paragraph(preset.doc))
