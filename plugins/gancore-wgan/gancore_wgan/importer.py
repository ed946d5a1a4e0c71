"""What reads networks of WGAN-GP by torch-mimicry."""

from typing import ClassVar

from gancore import Discriminator
from gancore.errors import CheckpointError
from gancore.published import Network
from gancore.published.mimicry_importer import MimicryImporter
from gancore_wgan.networks import WGANGPCritic, WGANGPGenerator

__all__ = ["Mimicry"]


class Mimicry(MimicryImporter):
    """WGAN-GP of torch-mimicry. Its generator without settings is read as that of SNGAN, the same network;
    with a critic beside it, it is trained on by `recipe/wgan-gp`.

    Discriminators of torch-mimicry's DCGAN have the same names, but sum the last maps, which these average;
    only those of 48 pixels can be told from critics, and are refused.
    """

    title: ClassVar[str] = "torch-mimicry's WGAN-GP"
    family = ("wgan_gp",)
    generators = (WGANGPGenerator, None)
    discriminators = (WGANGPCritic, None)
    needs_settings = True
    judge_decides = True
    part = "wgan-gp"

    def discriminator(self, network: Network) -> Discriminator:
        """The critic. Raises CheckpointError if it is known as a discriminator of DCGAN."""
        if {"block5.c1.weight", "l5.weight"} <= network.tensors.keys():
            raise CheckpointError(
                "discriminators of torch-mimicry's DCGAN, which sum their last maps, are not supported; "
                "import its generator, which is SNGAN's, alone"
            )
        return super().discriminator(network)
