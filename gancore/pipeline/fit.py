"""Whether the parts of a pipeline fit together."""

from gancore.component.interfaces import Conditioner, Generator, Sampler
from gancore.errors import FitError


def check_fit(sampler: Sampler | None, conditioner: Conditioner, generator: Generator) -> None:
    """Raises FitError if two neighbors disagree about a shape."""
    if tuple(conditioner.code) != tuple(generator.code_shape):
        raise FitError(
            f"{conditioner.qualified_name} makes codes {conditioner.code}, "
            f"{generator.qualified_name} reads {generator.code_shape}"
        )
    if sampler is not None:
        _check_values(sampler, conditioner)
    if sampler is not None and tuple(sampler.latent) != tuple(conditioner.latent_shape):
        raise FitError(
            f"{sampler.qualified_name} draws {sampler.latent}, "
            f"{conditioner.qualified_name} reads {conditioner.latent_shape}"
        )


def _check_values(sampler: Sampler, conditioner: Conditioner) -> None:
    """Raises FitError if one of two neighbors has indices for latents and the other has not, or others."""
    read = conditioner.codebook_size
    drawn = getattr(sampler, "codebook_size", read) if sampler.integer else 0
    if drawn != read:
        said = [f"indices below {size}" if size else "real numbers" for size in (drawn, read)]
        raise FitError(
            f"{sampler.qualified_name} draws {said[0]}, {conditioner.qualified_name} reads {said[1]}"
        )
