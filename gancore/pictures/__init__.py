"""Sample grids, curves and the report."""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.pictures.animation import save_animation
    from gancore.pictures.compare import write_comparison
    from gancore.pictures.grid import save, save_grid, to_grid, to_pil, to_uint8
    from gancore.pictures.report import write_report

_HOMES = {
    "animation": ("save_animation",),
    "compare": ("write_comparison",),
    "grid": ("save", "save_grid", "to_grid", "to_pil", "to_uint8"),
    "report": ("write_report",),
}
__all__ = [
    "save",
    "save_animation",
    "save_grid",
    "to_grid",
    "to_pil",
    "to_uint8",
    "write_comparison",
    "write_report",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
