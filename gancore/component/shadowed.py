"""Whether a plugin's module is its own, or that of another distribution with the same name."""

import base64
import hashlib
from importlib.metadata import Distribution, EntryPoint, packages_distributions
from pathlib import Path
from types import ModuleType

from gancore.errors import GancoreError


def refuse_shadowed(entry: EntryPoint, module: ModuleType) -> None:
    """Raises GancoreError where another distribution ships a module of this name, and that one was imported.

    A checkout on the path, or a file that was edited in place, is the user's own doing.
    """
    distribution, file = entry.dist, getattr(module, "__file__", None)
    if not isinstance(distribution, Distribution) or file is None or _owns(distribution, Path(file), entry):
        return
    top = entry.module.partition(".")[0]
    others = sorted(set(packages_distributions().get(top, [])) - {distribution.name})
    if others:
        raise GancoreError(
            f"its module {top} is shadowed by that of {', '.join(others)} ({file}); "
            "uninstall one of them, and install the other again"
        )


def _owns(distribution: Distribution, file: Path, entry: EntryPoint) -> bool:
    """Whether the file is as the distribution installed it; true where it does not say, as for a checkout."""
    path = entry.module.replace(".", "/")
    listed = [one for one in distribution.files or [] if str(one) in (f"{path}.py", f"{path}/__init__.py")]
    if not listed:
        return True
    mine = [one for one in listed if Path(str(one.locate())).resolve() == file.resolve()]
    return any(one.hash is None or one.hash.value == _digest(file, one.hash.mode) for one in mine)


def _digest(file: Path, mode: str) -> str:
    content = hashlib.new(mode, file.read_bytes()).digest()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
