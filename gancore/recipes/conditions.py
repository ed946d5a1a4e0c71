"""Which parts of a recipe read labels, and whether a training could make use of what they read."""

from collections.abc import Iterator

from gancore.component.interfaces import (
    Conditioner,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    GeneratorRegularizer,
    Sampler,
)
from gancore.component.part import Part, children
from gancore.errors import FitError
from gancore.recipes.base import Recipe

MAKING = (Sampler, Conditioner, Generator)
"""The kinds that a generated image comes from."""
PENALTIES = (DiscriminatorRegularizer, GeneratorRegularizer)


def label_readers(part: Part) -> dict[str, Part]:
    """The parts in the seats of `part`, and in theirs, that read labels, by path."""
    return {path: child for path, child in _seated(part) if getattr(child, "conditional", False)}


def check_labels_arrive(recipe: Recipe) -> None:
    """Raises FitError if a part reads labels, but the recipe trains without."""
    readers = label_readers(recipe)
    if readers and "label" not in recipe.wants:
        path, part = next(iter(readers.items()))
        raise FitError(
            f"{recipe.qualified_name} trains without labels, but {part.qualified_name} (seat {path}) reads "
            f"them; put a part there that reads none, or use a recipe that passes labels on"
        )


def check_both_sides_read(recipe: Recipe) -> None:
    """Refuses a recipe in which labels would be read to no effect.

    A penalty that reads labels makes no discriminator read them, so it counts on neither side.

    Raises:
        FitError: the generating side reads labels and the discriminating side does not, or the other way
            round: the generator then learns nothing from them; or a penalty alone reads them.
    """
    readers = label_readers(recipe)
    judges = [part for _, part in _seated(recipe) if isinstance(part, Discriminator)]
    if not readers or not judges:
        return
    making = [part for part in readers.values() if isinstance(part, MAKING)]
    judging = [part for part in readers.values() if not isinstance(part, (*MAKING, *PENALTIES))]
    if not making and not judging:
        part = next(iter(readers.values()))
        raise FitError(
            f"{part.qualified_name} reads labels, but neither {judges[0].qualified_name} nor a part that "
            "makes images does; use a discriminator and a conditioner that read them, such as projection and "
            "embedding"
        )
    if making and not judging:
        raise FitError(
            f"{making[0].qualified_name} reads labels, but {judges[0].qualified_name} does not, so nothing "
            "would make the images follow their labels; set discriminator to one that reads them, such as "
            f'{{part = "projection", network = "{judges[0].name}"}}, or conditioner to one that reads none, '
            "such as identity"
        )
    if judging and not making:
        raise FitError(
            f"{judging[0].qualified_name} reads labels, but no part that makes images does, so they cannot "
            "follow the labels that they are scored with; set conditioner to one that reads labels, such as "
            f"embedding, or put a part that reads none in place of {judging[0].qualified_name}"
        )


def _seated(part: Part) -> Iterator[tuple[str, Part]]:
    for path, child in children(part):
        yield path, child
        yield from ((f"{path}.{below}", inner) for below, inner in _seated(child))
