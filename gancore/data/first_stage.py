"""A trained autoencoder that stays as it is, whose codes a second stage learns."""

import hashlib
from functools import cached_property

import attrs
import torch
from torch import Tensor

from gancore.component.references import weights_hash
from gancore.errors import FitError
from gancore.pipeline import Pipeline, evaluating
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
    def image(self) -> tuple[int, int, int]:
        """The shape of the images that it reads."""
        assert self.pipeline.encoder is not None
        return self.pipeline.encoder.image

    @property
    def code(self) -> tuple[int, int, int]:
        """The shape of its codes as maps `(D, h, w)`."""
        return as_map(tuple(self.pipeline.generator.code_shape), self.pipeline.generator)

    @cached_property
    def sha256(self) -> str:
        """A hash of the names and values of all weights: wherever they lie, they give the same codes."""
        total = hashlib.sha256()
        for name in PARTS:
            total.update(f"{name} {weights_hash(self.pipeline.parts[name])}\n".encode())
        return total.hexdigest()

    def encode(self, image: Tensor) -> Tensor:
        """Images `(N, C, H, W)` in [-1, 1] → their codes as maps `(N, D, h, w)` float32, on the CPU; those of
        a codebook are its vectors.
        """
        code, pipeline = self.pipeline.encode(image), self.pipeline
        if pipeline.encoder is not None and pipeline.encoder.gives == "latent":
            with evaluating(pipeline.conditioner), torch.no_grad():
                code = pipeline.conditioner(code.to(pipeline.device)).cpu()
        return code.reshape(len(image), *self.code).float()
