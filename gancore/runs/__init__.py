"""The folder of a run and its content. `RunFolder` defines its layout; `load_pipeline` opens a run, a
checkpoint, a saved pipeline or an import.
"""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.runs.folder import RunFolder
    from gancore.runs.opening import find_pipeline, load_pipeline
    from gancore.runs.settings import Settings
    from gancore.runs.sources import Sources

_HOMES = {
    "folder": ("RunFolder",),
    "opening": ("find_pipeline", "load_pipeline"),
    "settings": ("Settings",),
    "sources": ("Sources",),
}
__all__ = ["RunFolder", "Settings", "Sources", "find_pipeline", "load_pipeline"]

# code that reads only text files must not import torch
__getattr__, __dir__ = lazy(__name__, _HOMES)
