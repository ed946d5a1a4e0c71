"""A trained autoencoder that stays as it is, whose codes a second stage learns."""

import hashlib
from functools import cached_property
from typing import cast

import attrs
import torch
from torch import Tensor

from gancore.component.interfaces import Encoder
from gancore.component.references import weights_hash
from gancore.errors import FitError
from gancore.pipeline import CHUNK, Pipeline, evaluating
from gancore.standard.decoded import as_map

PARTS = ("encoder", "conditioner", "generator")


@attrs.frozen(eq=False, slots=False)
class FirstStage:
    """The encoder, the conditioner and the decoder of a pipeline; `place` is the folder that it was loaded
    from, empty if it was given in Python.

    Raises:
        FitError: there is no encoder, a part reads labels, or the decoder reads codes that are no maps.
    """

    pipeline: Pipeline
    place: str = ""

    def __attrs_post_init__(self) -> None:
        encoder, conditioner = self.pipeline.encoder, self.pipeline.conditioner
        if encoder is None:
            raise FitError(
                f"{self.title} has no encoder, so it gives no codes to learn; give the run of an "
                "autoencoder, such as of the recipe vae"
            )
        if encoder.conditional or conditioner.conditional:
            reader = encoder if encoder.conditional else conditioner
            raise FitError(
                f"{self.title} reads labels ({reader.qualified_name}), so its codes are not all of an image; "
                "train a first stage without labels: those of the data go to the second stage"
            )
        as_map(tuple(self.pipeline.generator.code_shape), self.pipeline.generator)
        for name in PARTS:
            self.pipeline.parts[name].requires_grad_(False).eval()

    @property
    def title(self) -> str:
        """The first stage in words."""
        return f"the first stage {self.place or self.pipeline.generator.qualified_name}"

    @property
    def quantizes(self) -> bool:
        """Whether there is a codebook and the encoder gives the maps before quantization."""
        return cast(Encoder, self.pipeline.encoder).quantizes

    @property
    def image(self) -> tuple[int, int, int]:
        """The shape of the images that it reads."""
        return cast(Encoder, self.pipeline.encoder).image

    @property
    def code(self) -> tuple[int, int, int]:
        """The shape of its codes as maps `(D, h, w)`."""
        return as_map(tuple(self.pipeline.generator.code_shape), self.pipeline.generator)

    @cached_property
    def sha256(self) -> str:
        """A hash of the names and values of all weights, and of where codes are taken: wherever the weights
        lie, they give the same codes.
        """
        total = hashlib.sha256(b"before quantization\n" if self.quantizes else b"")
        for name in PARTS:
            total.update(f"{name} {weights_hash(self.pipeline.parts[name])}\n".encode())
        return total.hexdigest()

    def encode(self, image: Tensor) -> Tensor:
        """Images `(N, C, H, W)` in [-1, 1] → their codes as maps `(N, D, h, w)` float32, on the CPU: those
        before quantization where there is a codebook, and the mean of a posterior.

        Vectors of a codebook are a finite set, from which any discriminator tells what a generator makes; the
        decoder's side quantizes them anyway, as in latent diffusion (Rombach et al. 2021, arXiv:2112.10752,
        section 3.1). An encoder that gives no map before quantization gives the vectors of its indices.
        """
        code = self._maps(image) if self.quantizes else self._codes(image)
        return code.reshape(len(image), *self.code).float()

    def _maps(self, image: Tensor) -> Tensor:
        encoder, device = cast(Encoder, self.pipeline.encoder), self.pipeline.device
        with evaluating(encoder), torch.no_grad():
            chunks = (image[start : start + CHUNK] for start in range(0, len(image), CHUNK))
            return torch.cat([encoder(some.to(device)).cpu() for some in chunks])

    def _codes(self, image: Tensor) -> Tensor:
        code, pipeline = self.pipeline.encode(image), self.pipeline
        if cast(Encoder, pipeline.encoder).gives == "latent":
            with evaluating(pipeline.conditioner), torch.no_grad():
                code = pipeline.conditioner(code.to(pipeline.device)).cpu()
        return code
