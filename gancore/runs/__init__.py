"""The folder of a run, and what it says. `RunFolder` knows how it is laid out; `load_pipeline` opens a run, a
checkpoint, a saved pipeline or an import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gancore.runs.folder import RunFolder
    from gancore.runs.opening import find_pipeline, load_pipeline
    from gancore.runs.settings import Settings
    from gancore.runs.sources import Sources

_HOME = {
    "RunFolder": "folder",
    "Settings": "settings",
    "Sources": "sources",
    "find_pipeline": "opening",
    "load_pipeline": "opening",
}
__all__ = ["RunFolder", "Settings", "Sources", "find_pipeline", "load_pipeline"]


def __getattr__(name: str) -> Any:
    # what reads texts alone must not import torch
    if name not in _HOME:
        raise AttributeError(f"module 'gancore.runs' has no attribute {name!r}")
    return getattr(import_module(f"gancore.runs.{_HOME[name]}"), name)
