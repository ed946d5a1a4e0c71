"""Loads plugins one by one in sorted order; a broken one is recorded and does not affect the others."""

import difflib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import FunctionType, ModuleType
from typing import Any

import pluggy

from gancore.component import hooks
from gancore.component.registry import Failure, Registry
from gancore.component.shadowed import refuse_shadowed
from gancore.component.surroundings import unchanged
from gancore.errors import GancoreError

GROUP = "gancore"


class Host:
    """The registry, and pluggy's manager for the hooks."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.manager = pluggy.PluginManager(GROUP)
        self.manager.add_hookspecs(hooks)
        self.versions: dict[str, str] = {}
        self.restored: dict[str, list[str]] = {}

    def load(self, found: list[EntryPoint]) -> None:
        """Loads every entry point, sorted by distribution and name."""
        for entry in sorted(found, key=lambda e: (_distribution(e), e.name)):
            with unchanged() as changed:
                self._load(entry)
            if changed:
                self.restored[_distribution(entry)] = changed

    def _load(self, entry: EntryPoint) -> None:
        try:
            module = entry.load()
            refuse_shadowed(entry, module)
            self.register(_distribution(entry), entry.name, module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even call sys.exit
            self.registry.failures.append(Failure(_distribution(entry), entry.name, cause(error)))
        else:
            self.versions[_distribution(entry)] = entry.dist.version if entry.dist else "?"

    def ask(
        self, hook: str, *, through: tuple[type[Exception], ...] = (), **facts: Any
    ) -> tuple[list[Any], list[str]]:
        """Calls a hook of every plugin, the last registered first; gives their answers, without None, and one
        sentence for each that failed. Errors of the types `through` are raised.
        """
        answers, failures = [], []
        for one in reversed(getattr(self.manager.hook, hook).get_hookimpls()):
            try:
                answers.append(one.function(**{name: facts[name] for name in one.argnames}))
            except KeyboardInterrupt:
                raise
            except through:
                raise
            except BaseException as error:  # a plugin may even call sys.exit
                failures.append(f"the plugin {one.plugin_name} failed in {hook}: {cause(error)}")
        return [answer for answer in answers if answer is not None], failures

    def register(self, distribution: str, entry: str, module: ModuleType) -> None:
        """Registers one plugin module, either completely or not at all.

        Raises:
            GancoreError: the module declares no interface version that this host accepts, or offers something
            that is not a part.
        """
        _check_api(module)
        name = f"{distribution}:{entry}"
        try:
            self.manager.register(module, name=name)
            _check_hooks(module, self.manager)
            others = [p for n, p in self.manager.list_name_plugin() if p is not None and n != name]
            parts, presets = (
                [
                    one
                    for several in self.manager.subset_hook_caller(hook, remove_plugins=others)()
                    for one in several
                ]
                for hook in ("gancore_parts", "gancore_presets")
            )
            self.registry.add(distribution, parts, presets)
        except BaseException:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            raise


@cache
def host() -> Host:
    """The one host, with every installed plugin, including the core's own parts; loaded on first use."""
    made = Host()
    made.load(list(entry_points(group=GROUP)))
    return made


def registry() -> Registry:
    """The host's registry."""
    return host().registry


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module


def _check_api(module: ModuleType) -> None:
    declared = getattr(module, "gancore_api", None)
    if declared not in hooks.ACCEPTED:
        accepted = ", ".join(map(str, sorted(hooks.ACCEPTED)))
        said = "declares no gancore_api" if declared is None else f"was written for gancore_api {declared!r}"
        raise GancoreError(
            f"it {said}; this gancore accepts {accepted}: install a version of the plugin made for it"
        )


def _check_hooks(module: ModuleType, manager: pluggy.PluginManager) -> None:
    for name, value in vars(module).items():
        mine = isinstance(value, FunctionType) and value.__module__ == module.__name__
        if mine and name.startswith("gancore_") and not hasattr(value, "gancore_impl"):
            raise GancoreError(f"its function {name} is not marked as a hook; write @hookimpl above it")
    known = [name for name in vars(hooks) if name.startswith("gancore_")]
    for caller in manager.get_hookcallers(module) or []:
        if caller.name not in known:
            near = difflib.get_close_matches(caller.name, known, n=1, cutoff=0)
            raise GancoreError(
                f"it implements the hook {caller.name}, which does not exist; did you mean {near[0]}? "
                f"Known: {', '.join(known)}"
            )


def cause(error: BaseException) -> str:
    """An error in words, whatever a plugin raised."""
    try:
        text = str(error) or "no message"
    except BaseException:  # an error of a plugin may do anything
        text = "its message cannot be read"
    return text if isinstance(error, GancoreError) else f"{type(error).__name__}: {text}"
