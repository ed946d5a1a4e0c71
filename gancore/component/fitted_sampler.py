"""Samplers that are fitted to the codes of a trained encoder."""

from abc import abstractmethod

import torch
from torch import Tensor

from gancore.component.interfaces import Sampler
from gancore.component.part import interface


@interface("sampler")
class FittedSampler(Sampler):
    """A sampler whose distribution is fitted to codes after an encoder was trained, so that any decoder
    generates (ex-post density estimation).

    Paper: Ghosh et al. 2019, arXiv:1903.12436, section 4.
    """

    @abstractmethod
    def fit(self, codes: Tensor, *, rng: torch.Generator) -> None:
        """Fits it to codes `(N, *latent)` on the CPU, the same for all processes; random numbers are drawn
        from `rng` alone.

        Raises:
            DataError: there are too few codes.
        """

    def observe(self, codes: Tensor) -> None:
        """Called with the codes `(n, *latent)` of each update while the encoder is trained, so that samples
        of that time can follow them; what it keeps is moved in `update_buffers`.
        """
