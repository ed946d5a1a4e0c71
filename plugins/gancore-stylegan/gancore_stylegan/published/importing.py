"""Published generators as pipelines, and the discriminators they were trained against."""

from collections.abc import Iterator
from contextlib import contextmanager

from gancore import Discriminator
from gancore.errors import CheckpointError, GancoreError
from gancore.pipeline import Pipeline
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal
from gancore_stylegan.published.networks import Network
from gancore_stylegan.published.nvidia_discriminator import is_nvidia_discriminator, nvidia_discriminator
from gancore_stylegan.published.nvidia_generator import is_nvidia_generator, nvidia_generator
from gancore_stylegan.published.rosinality import (
    is_rosinality_discriminator,
    is_rosinality_generator,
    rosinality_discriminator,
    rosinality_generator,
)

__all__ = ["import_discriminator", "import_generator"]

KNOWN = "NVIDIA's StyleGAN2-ADA or StyleGAN3 or of rosinality's StyleGAN2; choose another network of the file"


def import_generator(network: Network, *, noise: str = "random") -> Pipeline:
    """The pipeline of a published generator: normal latents, the mapping network and the synthesis network.
    `noise` as in generator/stylegan2.

    Raises:
        CheckpointError: it is not a generator of StyleGAN2(-ADA) or StyleGAN3 by NVIDIA or rosinality,
        settings are out of range, or the weights do not fit.
    """
    with _as_damage():
        if is_nvidia_generator(network.tensors):
            conditioner, generator = nvidia_generator(network, noise)
        elif is_rosinality_generator(network.tensors):
            conditioner, generator = rosinality_generator(network.tensors, noise)
        else:
            raise CheckpointError(f"{_kind(network)} is not a generator of {KNOWN}")
        classes = getattr(conditioner, "classes", 0)
        labels = UniformLabels(classes=classes) if classes else None
        return Pipeline(
            sampler=Normal(latent=conditioner.latent_shape),
            conditioner=conditioner,
            generator=generator,
            labels=labels,
        )


def import_discriminator(network: Network) -> Discriminator:
    """A published discriminator of StyleGAN2(-ADA) or StyleGAN3. Raises like `import_generator`."""
    with _as_damage():
        if is_nvidia_discriminator(network.tensors):
            return nvidia_discriminator(network)
        if is_rosinality_discriminator(network.tensors):
            return rosinality_discriminator(network.tensors)
        raise CheckpointError(f"{_kind(network)} is not a discriminator of {KNOWN}")


def _kind(network: Network) -> str:
    return network.class_name or "a state dict"


@contextmanager
def _as_damage() -> Iterator[None]:
    """Turns errors about options and tensors into CheckpointError: they came from the file."""
    try:
        yield
    except GancoreError as error:
        raise error if isinstance(error, CheckpointError) else CheckpointError(str(error)) from None
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"the weights are broken ({type(error).__name__}: {error}); download the file again"
        ) from None
