"""The installed plugins, and why any failed to load."""

from collections import Counter
from itertools import groupby

import attrs

from gancore.component.discovery import host
from gancore.component.registry import Failure


@attrs.frozen(repr=False)
class Plugins:
    """The plugins that were found; prints as a list.

    Attributes:
        versions: version of each loaded plugin, by distribution.
        offers: number of parts each of them provides.
        failures: those that could not be loaded, and why.
        clashes: kind and name of parts that several distributions provide, and these distributions.
        restored: what a plugin changed for all others when it was imported, and what was put back.
    """

    versions: dict[str, str]
    offers: dict[str, int]
    failures: tuple[Failure, ...]
    clashes: tuple[tuple[str, str, tuple[str, ...]], ...]
    restored: dict[str, list[str]] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return len(self.versions)

    def __str__(self) -> str:
        lines = [f"{name} {version}: {self.offers[name]} parts" for name, version in self.versions.items()]
        lines += [
            f"{failure.distribution}: NOT LOADED (entry point {failure.entry_point}): {failure.cause}"
            for failure in self.failures
        ]
        lines += [
            f"{kind} {name!r} is offered by {' and '.join(several)}: "
            f"write {several[0]}:{name} or {several[1]}:{name}"
            for kind, name, several in self.clashes
        ]
        lines += [
            f"{name} changed {', '.join(what)} when it was imported; that was put back"
            for name, what in self.restored.items()
        ]
        return "\n".join(lines)

    __repr__ = __str__


def plugins() -> Plugins:
    """The installed plugins: how many parts each provides, and why any failed to load."""
    found = host()
    offers = Counter(part.distribution for part in found.registry.registrations())
    versions = dict(sorted(found.versions.items()))
    return Plugins(
        versions,
        {name: offers[name] for name in versions},
        tuple(found.registry.failures),
        tuple(_clashes()),
        dict(found.restored),
    )


def _clashes() -> list[tuple[str, str, tuple[str, ...]]]:
    groups = groupby(host().registry.registrations(), key=lambda o: (o.cls.kind, o.cls.name))
    named = [(kind, name, tuple(o.distribution for o in several)) for (kind, name), several in groups]
    return [row for row in named if len(row[2]) > 1]
