"""Loads plugins one by one in sorted order; a broken one is recorded and does not affect the others."""

import difflib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

import pluggy

from gancore.component import hooks
from gancore.component.registry import Failure, Registry
from gancore.errors import GancoreError

GROUP = "gancore"


class Host:
    """The registry, and pluggy's manager for the hooks."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.manager = pluggy.PluginManager(GROUP)
        self.manager.add_hookspecs(hooks)
        self.versions: dict[str, str] = {}

    def load(self, found: list[EntryPoint]) -> None:
        """Loads every entry point, sorted by distribution and name."""
        for entry in sorted(found, key=lambda e: (_distribution(e), e.name)):
            try:
                module = entry.load()
                self.register(_distribution(entry), entry.name, module)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a plugin may even call sys.exit
                self.registry.failures.append(Failure(_distribution(entry), entry.name, _cause(error)))
            else:
                self.versions[_distribution(entry)] = entry.dist.version if entry.dist else "?"

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
    known = [name for name in vars(hooks) if name.startswith("gancore_")]
    for caller in manager.get_hookcallers(module) or []:
        if caller.name not in known:
            near = difflib.get_close_matches(caller.name, known, n=1, cutoff=0)
            raise GancoreError(
                f"it implements the hook {caller.name}, which does not exist; did you mean {near[0]}? "
                f"Known: {', '.join(known)}"
            )


def _cause(error: BaseException) -> str:
    text = str(error) or "no message"
    return text if isinstance(error, GancoreError) else f"{type(error).__name__}: {text}"
