"""Which parts there are, by kind and name, and who offers them."""

import difflib
from collections.abc import Iterable

import attrs

from gancore.errors import AmbiguousPart, BrokenPlugin, SpecError, UnknownPart
from gancore.parts import Part


@attrs.frozen
class Offer:
    """A part class, and the distribution that offers it."""

    distribution: str
    cls: type[Part]

    @property
    def qualified(self) -> str:
        """`distribution:name`, which no other plugin can take."""
        return f"{self.distribution}:{self.cls.name}"


@attrs.frozen
class Failure:
    """A plugin that could not be loaded, and why."""

    distribution: str
    entry_point: str
    cause: str


class Registry:
    """Finds part classes. A bare name that two distributions offer is an error only when it is used."""

    def __init__(self) -> None:
        self._offers: dict[tuple[str, str], list[Offer]] = {}
        self._owner: dict[type[Part], str] = {}
        self.failures: list[Failure] = []

    def add(self, distribution: str, classes: Iterable[type[Part]]) -> None:
        """Takes all classes of one plugin, or none of them.

        Raises:
            SpecError: something is no part class, has no name, or stands twice in the same plugin.
        """
        offers = [_offer(distribution, cls) for cls in classes]
        keys = [(offer.cls.kind, offer.cls.name) for offer in offers]
        twice = {f"{kind}/{name}" for kind, name in keys if keys.count((kind, name)) > 1}
        if twice:
            raise SpecError(f"{distribution} offers {', '.join(sorted(twice))} more than once; rename one of them")
        for key, offer in zip(keys, offers, strict=True):
            self._offers.setdefault(key, []).append(offer)
            self._owner[offer.cls] = distribution

    def find(self, kind: str, name: str) -> type[Part]:
        """The class of `kind` called `name`, bare or as `distribution:name`.

        Raises:
            UnknownPart: there is none; the nearest and all known names are listed.
            AmbiguousPart: several distributions offer the bare name.
            BrokenPlugin: it belongs to a plugin that could not be loaded.
        """
        distribution, _, bare = name.rpartition(":")
        offers = [o for o in self._offers.get((kind, bare), []) if distribution in ("", o.distribution)]
        if not offers:
            raise self._unknown(kind, distribution, bare)
        if len(offers) > 1:
            names = " or ".join(o.qualified for o in offers)
            raise AmbiguousPart(f"{kind} {bare!r} is offered by {len(offers)} plugins; write {names}")
        return offers[0].cls

    def name_of(self, cls: type[Part]) -> str:
        """The qualified name of a class, or its bare name when no plugin offers it."""
        owner = self._owner.get(cls)
        return f"{owner}:{cls.name}" if owner else cls.name

    def offers(self, kind: str | None = None) -> list[Offer]:
        """All offers, or those of one kind, sorted by kind, name and distribution."""
        found = [(key, o.distribution, o) for key, several in self._offers.items() for o in several if kind in (None, key[0])]
        return [offer for _, _, offer in sorted(found, key=lambda row: row[:2])]

    def kinds(self) -> list[str]:
        """The kinds of part that somebody offers."""
        return sorted({kind for kind, _ in self._offers})

    def _unknown(self, kind: str, distribution: str, name: str) -> Exception:
        for failure in self.failures:
            if failure.distribution in (distribution, f"gancore-{name}"):
                return BrokenPlugin(
                    f"{kind} {name!r}: the plugin {failure.distribution} could not be loaded: {failure.cause}. "
                    f"`gancore plugins` shows all; reinstall or remove it"
                )
        known = sorted({n for k, n in self._offers if k == kind})
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        text = f"there is no {kind} {name!r}; {hint}known: {', '.join(known) or 'none'}"
        if distribution:
            text += f". The name asks for the plugin {distribution}: is it installed?"
        if self.failures:
            text += f". Not loaded: {', '.join(f.distribution for f in self.failures)} (`gancore plugins` says why)"
        return UnknownPart(text)


def _offer(distribution: str, cls: object) -> Offer:
    if not (isinstance(cls, type) and issubclass(cls, Part)):
        raise SpecError(f"{distribution} offers {cls!r}, which is no part; hand over classes made with @part")
    if "name" not in cls.__dict__ or not cls.name:
        raise SpecError(f"{distribution} offers {cls.__name__} without a name; decorate it with @part('name')")
    if cls.__dict__.get("__abstractmethods__") or _abstract(cls):
        raise SpecError(f"{distribution} offers {cls.__name__}, which does not define {', '.join(_abstract(cls))}")
    return Offer(distribution, cls)


def _abstract(cls: type[Part]) -> list[str]:
    """Interface methods that the class leaves open; `nn.Module` has no ABC metaclass that would say so."""
    return [name for name in dir(cls) if getattr(getattr(cls, name, None), "__isabstractmethod__", False)]
