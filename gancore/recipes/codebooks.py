"""Which codebooks of a recipe are larger than its data can fill."""

import math

from gancore.errors import FitError
from gancore.recipes.base import Recipe
from gancore.standard.quantizers.nearest_vector import NearestQuantizer


def check_codebooks_fill(recipe: Recipe, images: int) -> None:
    """Raises FitError if a player trains a codebook of more vectors than these images have places."""
    trained = {part for player in recipe.players().values() for one in player.parts for part in one.modules()}
    for path, part in recipe.named_modules():
        if isinstance(part, NearestQuantizer) and part in trained:
            _check(path, part, images)


def _check(path: str, part: NearestQuantizer, images: int) -> None:
    shape = tuple(part.code[1:])
    most = images * math.prod(shape)
    if part.size > most:
        raise FitError(
            f"{path}: {part.qualified_name} has {part.size:,} vectors, but {images:,} images with "
            f"{'×'.join(map(str, shape)) or 'one'} places each have only {most:,}, so that the others would "
            "never be used; give a smaller size, or train on more images"
        )
