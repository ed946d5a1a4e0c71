"""The registry of parts, by kind and name, with the distributions that offer them."""

import difflib
from collections.abc import Iterable

import attrs

from gancore.component.definition import abstract_names
from gancore.component.part import Part
from gancore.component.presets import Preset
from gancore.errors import AmbiguousPart, BrokenPlugin, SpecError, UnknownPart

FAMILIES = {
    "gan": "gancore-gan",
    "dcgan": "gancore-dcgan",
    "vae": "gancore-vae",
    "autoencoder": "gancore-autoencoder",
    "denoising-autoencoder": "gancore-autoencoder",
    "contractive-autoencoder": "gancore-autoencoder",
    "sparse-autoencoder": "gancore-autoencoder",
    "k-sparse-autoencoder": "gancore-autoencoder",
    "rae": "gancore-autoencoder",
    "rae-l2": "gancore-autoencoder",
    "rae-gp": "gancore-autoencoder",
    "rae-sn": "gancore-autoencoder",
    "ex-post": "gancore-autoencoder",
    "pretrained-autoencoder": "gancore-autoencoder",
    "pca": "gancore-pca",
    "ica": "gancore-ica",
    "rbm": "gancore-rbm",
    "dbn": "gancore-dbn",
    "cyclegan": "gancore-cyclegan",
    "pix2pix": "gancore-pix2pix",
    "pix2pix-128": "gancore-pix2pix",
    "pix2pix-small": "gancore-pix2pix",
    "cut": "gancore-cyclegan",
    "fastcut": "gancore-cyclegan",
    "unit": "gancore-cyclegan",
    "nogan": "gancore-nogan",
    "colorize-small": "gancore-nogan",
    "esrgan": "gancore-esrgan",
    "esrnet": "gancore-esrgan",
    "real-esrgan": "gancore-esrgan",
    "real-esrnet": "gancore-esrgan",
    "stylegan": "gancore-stylegan",
    "stylegan2": "gancore-stylegan",
    "stylegan3": "gancore-stylegan",
    "stylegan3-r": "gancore-stylegan",
    "cgan": "gancore-cgan",
    "cgan-mlp": "gancore-cgan",
    "acgan": "gancore-cgan",
    "infogan": "gancore-cgan",
    "sngan": "gancore-sngan",
    "sngan-projection": "gancore-sngan",
    "cogan": "gancore-cogan",
    "iwae": "gancore-vae",
    "factor-vae": "gancore-vae",
    "vae-gan": "gancore-vae",
    "adversarial-autoencoder": "gancore-vae",
    "ladder-vae": "gancore-vae",
    "two-stage-vae": "gancore-vae",
    "wgan": "gancore-wgan",
    "wgan-gp": "gancore-wgan",
    "sagan": "gancore-sagan",
    "sagan-labels": "gancore-sagan",
    "progan": "gancore-progan",
    "progan-fixed": "gancore-progan",
    "biggan": "gancore-biggan",
    "biggan-deep": "gancore-biggan",
    "biggan-cifar": "gancore-biggan",
    "r3gan": "gancore-r3gan",
    "r3gan-labels": "gancore-r3gan",
    "vq-vae": "gancore-vqgan",
    "vq-vae-2": "gancore-vqgan",
    "vqgan": "gancore-vqgan",
    "vqgan-small": "gancore-vqgan",
}
"""The packages that offer the recipes of this project."""


@attrs.frozen
class Registration:
    """A part class and the distribution that offers it."""

    distribution: str
    cls: type[Part]

    @property
    def qualified_name(self) -> str:
        """`distribution:name`, which is unique within a kind."""
        return f"{self.distribution}:{self.cls.name}"


@attrs.frozen
class PresetRegistration:
    """A preset, and the distribution that offers it."""

    distribution: str
    preset: Preset

    @property
    def qualified_name(self) -> str:
        """`distribution:name`, which no other plugin can take."""
        return f"{self.distribution}:{self.preset.name}"


@attrs.frozen
class Failure:
    """A plugin that could not be loaded, and why."""

    distribution: str
    entry_point: str
    cause: str


FORMER_KINDS = {"regularizer": "discriminator-regularizer", "labels": "label-sampler"}
"""Former names of kinds, and their names today."""


class Registry:
    """Finds part classes. A bare name that two distributions offer is an error only when it is looked up."""

    def __init__(self) -> None:
        self._registrations: dict[tuple[str, str], list[Registration]] = {}
        self._former: dict[tuple[str, str], list[Registration]] = {}
        self._presets: dict[tuple[str, str], list[PresetRegistration]] = {}
        self._owner: dict[type[Part] | Preset, str] = {}
        self.failures: list[Failure] = []

    def add(self, distribution: str, classes: Iterable[type[Part]], presets: Iterable[Preset] = ()) -> None:
        """Takes all classes and presets of one plugin, or none of them.

        Raises:
            SpecError: something is no part class and no preset, has no name, or stands twice in the same
                plugin.
        """
        registrations = [_registration(distribution, cls) for cls in classes]
        settings = [_preset_registration(distribution, preset) for preset in presets]
        keys = [(registration.cls.kind, registration.cls.name) for registration in registrations]
        keys += [(setting.preset.kind, setting.preset.name) for setting in settings]
        twice = {f"{kind}/{name}" for kind, name in keys if keys.count((kind, name)) > 1}
        if twice:
            raise SpecError(
                f"{distribution} offers {', '.join(sorted(twice))} more than once; rename one of them"
            )
        for setting in settings:
            key = (setting.preset.kind, setting.preset.name)
            self._presets.setdefault(key, []).append(setting)
            self._owner[setting.preset] = distribution
        for registration in registrations:
            key = (registration.cls.kind, registration.cls.name)
            self._registrations.setdefault(key, []).append(registration)
            self._owner[registration.cls] = distribution
            for name in registration.cls.__dict__.get("former_names", ()):
                for known in {name, name if ":" in name else f"{distribution}:{name}"}:
                    self._former.setdefault((registration.cls.kind, known), []).append(registration)

    def find(self, kind: str, name: str) -> type[Part]:
        """The class of `kind` called `name`, bare or `distribution:name`; former names come last.

        Raises:
            UnknownPart: there is none; the message lists the closest and all known names.
            AmbiguousPart: several distributions offer the bare name.
            BrokenPlugin: it belongs to a plugin that could not be loaded.
        """
        kind = FORMER_KINDS.get(kind, kind)
        distribution, _, bare = name.rpartition(":")
        found = [r for r in self._registrations.get((kind, bare), []) if distribution in ("", r.distribution)]
        found = found or self._former.get((kind, name), [])
        if not found:
            raise self._unknown(kind, distribution, bare)
        _ensure_one(kind, bare, [r.qualified_name for r in found])
        return found[0].cls

    def locate(self, name: str) -> type[Part] | Preset:
        """The class or preset that a person means by `name`: `loss/hinge`, or `path-length` where one kind
        alone has it; both with the distribution too, `loss/gancore:hinge`.

        Either may include the distribution: `loss/gancore:hinge`. If several kinds have a bare name, a recipe
        takes precedence, and scores come last.

        Raises:
            UnknownPart: there is no such kind or part; the message gives the closest name.
            AmbiguousPart: several kinds have the name, or several distributions offer it; the message lists
            them.
            BrokenPlugin: it belongs to a plugin that could not be loaded.
        """
        kind, slash, bare = name.rpartition("/")
        if slash:
            self.check_kind(kind)
            return self.preset(kind, bare) or self.find(kind, bare)
        kinds = self.kinds_with(name)
        if not kinds:
            raise self._unknown_anywhere(name)
        meant = ["recipe"] if "recipe" in kinds else [k for k in kinds if k != "score"] or kinds
        if len(meant) > 1:
            places = ", ".join(f"{kind}/{name}" for kind in kinds)
            raise AmbiguousPart(f"{len(kinds)} kinds of part are called {name!r}; write one of {places}")
        return self.preset(meant[0], name) or self.find(meant[0], name)

    def check_kind(self, kind: str) -> str:
        """The current name of a kind. Raises UnknownPart if there are no parts of that kind."""
        kind = FORMER_KINDS.get(kind, kind)
        if kind not in self.kinds():
            near = difflib.get_close_matches(kind.lower(), self.kinds(), n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UnknownPart(f"there is no kind {kind!r}; {hint}known: {', '.join(self.kinds())}")
        return kind

    def kinds_with(self, name: str) -> list[str]:
        """The kinds that have a part of this name; if none do, those that formerly had one."""
        distribution, _, bare = name.rpartition(":")
        offers = [(r.cls.kind, r.cls.name, r.distribution) for r in self.registrations()]
        offers += [(r.preset.kind, r.preset.name, r.distribution) for r in self.presets()]
        kinds = {kind for kind, known, owner in offers if known == bare and distribution in ("", owner)}
        return sorted(kinds or {kind for kind, n in self._former if n == name})

    def preset(self, kind: str, name: str) -> Preset | None:
        """The preset of `kind` called `name`, bare or as `distribution:name`; None where there is none.

        Raises:
            AmbiguousPart: several distributions offer the bare name, for a preset or a class.
        """
        kind = FORMER_KINDS.get(kind, kind)
        distribution, _, bare = name.rpartition(":")
        found = [r for r in self._presets.get((kind, bare), []) if distribution in ("", r.distribution)]
        classes = self._registrations.get((kind, bare), [])
        others = [r for r in classes if distribution in ("", r.distribution)]
        if found:
            _ensure_one(kind, bare, [r.qualified_name for r in found] + [r.qualified_name for r in others])
        return found[0].preset if found else None

    def base_of(self, kind: str, name: str) -> type[Part]:
        """The class of a part or of a preset by its name. Raises as `find`."""
        preset = self.preset(kind, name)
        return preset.base if preset else self.find(kind, name)

    def presets(self, kind: str | None = None) -> list[PresetRegistration]:
        """All presets, or those of one kind, sorted by kind, name and distribution."""
        found = [
            (key, o) for key, several in self._presets.items() for o in several if kind in (None, key[0])
        ]
        return [preset for _, preset in sorted(found, key=lambda row: (row[0], row[1].distribution))]

    def name_of(self, cls: type[Part] | Preset) -> str:
        """The qualified name of a class or preset, or its bare name when no plugin offers it."""
        owner = self._owner.get(cls)
        return f"{owner}:{cls.name}" if owner else cls.name

    def registrations(self, kind: str | None = None) -> list[Registration]:
        """All registrations, or those of one kind, sorted by kind, name and distribution."""
        found = [
            (key, o.distribution, o)
            for key, several in self._registrations.items()
            for o in several
            if kind in (None, key[0])
        ]
        return [registration for _, _, registration in sorted(found, key=lambda row: row[:2])]

    def kinds(self) -> list[str]:
        """The kinds that have parts."""
        return sorted({kind for kind, _ in self._registrations})

    def _unknown_anywhere(self, name: str) -> Exception:
        distribution, _, bare = name.rpartition(":")
        if broken := self._broken("part", distribution, bare):
            return broken
        known = {n: f"{kind}/{n}" for kind, n in sorted([*self._registrations, *self._presets])}
        near = difflib.get_close_matches(bare.lower(), list(known), n=1, cutoff=0.65)
        hint = f"did you mean {known[near[0]]}? " if near else ""
        return UnknownPart(f"no part of any kind is called {name!r}; {hint}`gancore list` shows all")

    def _broken(self, kind: str, distribution: str, name: str) -> Exception | None:
        for failure in self.failures:
            if failure.distribution in (distribution, f"gancore-{name}", _family(name)):
                return BrokenPlugin(
                    f"{kind} {name!r}: the plugin {failure.distribution} could not be loaded: "
                    f"{failure.cause}. "
                    f"`gancore plugins` shows all; reinstall or remove it"
                )
        return None

    def _unknown(self, kind: str, distribution: str, name: str) -> Exception:
        if broken := self._broken(kind, distribution, name):
            return broken
        known = sorted({n for k, n in [*self._registrations, *self._presets] if k == kind})
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        if kind == "recipe" and (plugin := _family(name)) and not distribution:
            return UnknownPart(
                f"the recipe {name!r} comes with {plugin}, which is not installed; install that package"
            )
        text = f"there is no {kind} {name!r}; {hint}known: {', '.join(known) or 'none'}"
        if distribution:
            text += f". Is the plugin {distribution} installed?"
        if self.failures:
            text += (
                f". Not loaded: {', '.join(f.distribution for f in self.failures)} (`gancore plugins` "
                "says why)"
            )
        return UnknownPart(text)


def _family(name: str) -> str | None:
    """The plugin of a family's recipe, or of its small preset."""
    return FAMILIES.get(name) or FAMILIES.get(name.removesuffix("-small"))


def _registration(distribution: str, cls: object) -> Registration:
    if not (isinstance(cls, type) and issubclass(cls, Part)):
        raise SpecError(f"{distribution} offers {cls!r}, which is not a part; offer classes made with @part")
    if "name" not in cls.__dict__ or not cls.name:
        raise SpecError(
            f"{distribution} offers {cls.__name__} without a name; decorate it with @part('name')"
        )
    if lacking := abstract_names(cls):
        raise SpecError(f"{distribution} offers {cls.__name__}, which does not define {', '.join(lacking)}")
    return Registration(distribution, cls)


def _preset_registration(distribution: str, preset: object) -> PresetRegistration:
    if not isinstance(preset, Preset):
        raise SpecError(f"{distribution} offers {preset!r} as a preset; hand over Preset(name=…, base=…)")
    return PresetRegistration(distribution, preset)


def _ensure_one(kind: str, name: str, offers: list[str]) -> None:
    if len(offers) > 1:
        raise AmbiguousPart(
            f"{kind} {name!r} is offered by {len(offers)} plugins; write {' or '.join(offers)}"
        )
