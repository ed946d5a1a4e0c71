"""What the released code can make and what is not read, refused in words."""

from collections.abc import Mapping

from torch import Tensor

from gancore.errors import CheckpointError

__all__ = ["check_discriminator", "check_generator"]

SMALLEST = range(4, 8)
"""Sides of the smallest map."""
STATISTICS = ("stored_mean", "running_mean", "bn.stored_mean", "bn.running_mean")
"""Names of a batch norm's means, by the kind of normalization."""


def check_generator(tensors: Mapping[str, Tensor], smallest: int, deep: bool) -> None:
    """Raises CheckpointError for a generator with settings that have no counterpart here."""
    if "blocks.0.0.conv1.u0" not in tensors:
        raise CheckpointError(
            "the layers have no singular vectors u0, as with G_param other than SN; networks with spectral "
            "normalization are read"
        )
    if not any(f"blocks.0.0.bn1.{name}" in tensors for name in STATISTICS):
        raise CheckpointError(
            "blocks have no batch statistics, as with norm_style nonorm; those with norm_style bn are read"
        )
    if smallest not in SMALLEST:
        raise CheckpointError(
            f"the smallest map is {smallest}×{smallest} (bottom_width {smallest}); 4×4 to 7×7 are read"
        )
    if deep and "shared.weight" not in tensors:
        raise CheckpointError(
            "there is no class embedding, as with G_shared off; deep ones with G_shared and hier are read"
        )


def check_discriminator(tensors: Mapping[str, Tensor], deep: bool) -> None:
    """Raises CheckpointError for a discriminator with settings that have no counterpart here."""
    if not deep and len(tensors["blocks.0.0.conv1.weight"]) < len(tensors["blocks.0.0.conv2.weight"]):
        raise CheckpointError(
            "between the convolutions of a block there are as many channels as before it, as with D_wide "
            "off; networks with as many as after it are read"
        )
    if (outputs := len(tensors["linear.weight"])) != 1:
        raise CheckpointError(
            f"an image gets {outputs} numbers, the discriminator's output_dim; those of one score are read"
        )
