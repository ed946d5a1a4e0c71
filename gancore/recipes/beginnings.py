"""Which schedules of a recipe would have no effect, since they begin after its training."""

from collections.abc import Iterator

from gancore.component.interfaces import Schedule
from gancore.component.part import Part, children
from gancore.component.scheduled import leaves
from gancore.errors import FitError
from gancore.recipes.base import Recipe


def check_schedules_begin(recipe: Recipe, total: int) -> None:
    """Raises FitError if a schedule begins when a training of so many images has ended."""
    for path, schedule in _schedules(recipe):
        if (begin := schedule.begins(total)) >= total > 0:
            raise FitError(
                f"{path}: {schedule.qualified_name} begins after {begin:g} images, but the training ends at "
                f"{total}; let it begin earlier, train on more images, or give a number in its place"
            )


def _schedules(part: Part, path: str = "") -> Iterator[tuple[str, Schedule]]:
    for name, tree in part.scheduled.items():
        yield from (
            (f"{path}{name}{step}", leaf) for step, leaf in leaves(tree) if isinstance(leaf, Schedule)
        )
    for place, child in children(part):
        if isinstance(child, Schedule):
            yield f"{path}{place}", child
        else:
            yield from _schedules(child, f"{path}{place}.")
