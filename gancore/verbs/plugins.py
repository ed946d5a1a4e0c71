"""What is installed, and why something is not there."""

from collections import Counter
from itertools import groupby

import attrs

from gancore.component.discovery import host
from gancore.component.registry import Failure


@attrs.frozen
class Plugins:
    """The plugins that were found; prints as a list.

    Attributes:
        versions: of each plugin that was loaded, by distribution.
        offers: how many parts each of them offers.
        failures: those that could not be loaded, and why.
        clashes: kind and name of parts that several distributions offer, and which.
    """

    versions: dict[str, str]
    offers: dict[str, int]
    failures: tuple[Failure, ...]
    clashes: tuple[tuple[str, str, tuple[str, ...]], ...]

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
        return "\n".join(lines)


def plugins() -> Plugins:
    """The plugins that are installed: what each offers, and for one that failed, why."""
    found = host()
    offers = Counter(offer.distribution for offer in found.registry.registrations())
    versions = dict(sorted(found.versions.items()))
    return Plugins(
        versions,
        {name: offers[name] for name in versions},
        tuple(found.registry.failures),
        tuple(_clashes()),
    )


def _clashes() -> list[tuple[str, str, tuple[str, ...]]]:
    groups = groupby(host().registry.registrations(), key=lambda o: (o.cls.kind, o.cls.name))
    named = [(kind, name, tuple(o.distribution for o in several)) for (kind, name), several in groups]
    return [row for row in named if len(row[2]) > 1]
