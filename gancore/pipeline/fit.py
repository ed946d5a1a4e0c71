"""Whether the parts of a pipeline fit together."""

from torch import Tensor

from gancore.component.interfaces import Conditioner, Embedded, Generator, Sampler
from gancore.errors import FitError, UserError


def check_fit(sampler: Sampler | None, conditioner: Conditioner, generator: Generator) -> None:
    """Raises FitError if two neighbors disagree about a shape."""
    if tuple(conditioner.code) != tuple(generator.code_shape):
        raise FitError(
            f"{conditioner.qualified_name} makes codes {conditioner.code}, "
            f"{generator.qualified_name} reads {generator.code_shape}"
        )
    _check_embedding(conditioner, generator)
    if sampler is not None:
        _check_values(sampler, conditioner)
    if sampler is not None and tuple(sampler.latent) != tuple(conditioner.latent_shape):
        raise FitError(
            f"{sampler.qualified_name} draws {sampler.latent}, "
            f"{conditioner.qualified_name} reads {conditioner.latent_shape}"
        )


def _check_embedding(conditioner: Conditioner, generator: Generator) -> None:
    """Raises FitError if the generator takes another part of its code for the class embedding."""
    if not isinstance(generator, Embedded) or not isinstance(conditioner, Embedded):
        return
    if generator.embedding_size != conditioner.embedding_size:
        raise FitError(
            f"{conditioner.qualified_name} makes embeddings of size {conditioner.embedding_size}, but "
            f"{generator.qualified_name} takes the last {generator.embedding_size} numbers of its code for "
            f"them; set the conditioner's size={generator.embedding_size}, or the generator's "
            f"embedding_size={conditioner.embedding_size}"
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


def check_indices(latent: Tensor, conditioner: Conditioner) -> None:
    """Raises UserError if a conditioner that reads indices is given other numbers."""
    size = conditioner.codebook_size
    if not size or not latent.numel():
        return
    if latent.is_floating_point():
        raise UserError(
            f"latents are indices here, whole numbers from 0 to {size - 1}; got {latent.dtype}: give what "
            "the sampler draws or the encoder gives"
        )
    wrong = latent[(latent < 0) | (latent >= size)]
    if len(wrong):
        raise UserError(
            f"{conditioner.qualified_name} reads indices from 0 to {size - 1}; got {int(wrong[0])}: give "
            "codes of this model"
        )
