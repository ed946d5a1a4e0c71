"""A pipeline as one function of tensors, which is what can be exported."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Conditioner, Generator
from gancore.component.part import Part
from gancore.component.randomness import drawn_from, fold, render_seed, seeded
from gancore.errors import ExportError, UserError
from gancore.pipeline import Pipeline, check_truncation, evaluating, truncated

__all__ = ["Chain", "Input"]

P = TypeVar("P", bound=Part)
Input = Literal["truncation", "noise"]


class Chain(nn.Module):
    """Latent (and label, if the conditioner reads one) → image: conditioner, truncation and generator, in
    eval mode.

    `truncation` is built in, or with "truncation" among `inputs` a scalar input `()`. The generator's noise
    is drawn once, from `seed`, and is then the same for all images; with "noise" among `inputs`, each noise
    tensor is an input `(N, …)`, standard normal (or uniform if the generator draws uniform values). The
    pipeline itself is not changed.

    `names` are the inputs in order: the latent (or what a translator reads), label, truncation, noise_0,
    noise_1, … The image is `(N, C, H, W)` float32, clamped to [-1, 1].

    Raises:
        UserError: `check_truncation` refuses the truncation, or noise is requested from a generator that
        draws none.
        ExportError: the conditioner reads labels, but the pipeline has no label sampler.
    """

    def __init__(
        self, pipeline: Pipeline, *, truncation: float = 1.0, inputs: Sequence[Input] = (), seed: int = 0
    ) -> None:
        super().__init__()
        # any value except 1 represents the later inputs
        check_truncation(pipeline, 0.0 if "truncation" in inputs else truncation)
        self.pipeline = pipeline
        self.conditioner: Conditioner = _still(pipeline.conditioner)
        self.generator: Generator = _still(pipeline.generator)
        self.truncation = truncation
        self.latent = pipeline.reads or "latent"
        self.names = [
            self.latent,
            *(["label"] if pipeline.conditioner.conditional else []),
            *(n for n in inputs if n == "truncation"),
        ]
        self.draws, drawn = self._recorded(seed)
        self.noise = [f"noise_{i}" for i in range(len(drawn))]
        if "noise" in inputs:
            if not drawn:
                raise UserError(
                    f"{pipeline.generator.qualified_name} draws no noise when it makes images; "
                    "omit the input noise"
                )
            self.names += self.noise
        for name, value in zip(self.noise, drawn, strict=True):
            self.register_buffer(name, value)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Tensors in the order of `names` → images `(N, C, H, W)` in [-1, 1]."""
        given = dict(zip(self.names, inputs, strict=True))
        noise = iter([given[name] if name in given else self.get_buffer(name) for name in self.noise])
        with drawn_from(lambda draw, n, shape, like: next(noise).expand(n, *shape)):
            return self._image(given)

    def _image(self, given: dict[str, Tensor]) -> Tensor:
        code = self.conditioner(given[self.latent], given.get("label"))
        amount: Any = given.get("truncation", self.truncation)
        if "truncation" in given or self.truncation != 1:
            code = truncated(self.conditioner, code, given.get("label"), amount)
        image: Tensor = self.generator(code).clamp(-1, 1)
        return image

    def _recorded(self, seed: int) -> tuple[list[Callable[..., Tensor]], list[Tensor]]:
        """The generator's noise draws for one image, with the noise that `Pipeline.render` would give it."""
        draws: list[Callable[..., Tensor]] = []
        drawn: list[Tensor] = []

        def record(draw: Callable[..., Tensor], n: int, shape: tuple[int, ...], like: Tensor) -> Tensor:
            draws.append(draw)
            drawn.append(draw(n, *shape, device=like.device))
            return drawn[-1]

        with torch.no_grad(), seeded(render_seed(seed)), drawn_from(record):
            self._image(self._examples(1, seed))
        return draws, drawn

    def examples(self, n: int, seed: int = 0) -> dict[str, Tensor]:
        """Inputs for `n` images, by name."""
        found = self._examples(n, seed)
        with seeded(fold(seed, "noise")):
            drawn = {
                name: draw(n, *self.get_buffer(name).shape[1:])
                for name, draw in zip(self.noise, self.draws, strict=True)
            }
        return {name: drawn[name] if name in drawn else found[name] for name in self.names}

    def _examples(self, n: int, seed: int) -> dict[str, Tensor]:
        rng = torch.Generator().manual_seed(fold(seed, "examples"))
        label = self._labels(n, rng)
        sampler, shape = self.pipeline.sampler, self.pipeline.conditioner.latent_shape
        with evaluating(*([] if sampler is None else [sampler])), torch.no_grad():
            latent = (
                torch.rand(n, *shape, generator=rng) * 2 - 1
                if sampler is None
                else sampler(n, label, rng=rng)
            )
        latent = latent if self.conditioner.codebook_size else latent.float()
        found = {self.latent: latent, "truncation": torch.tensor(0.7)}
        return {
            name: value
            for name, value in (found | ({} if label is None else {"label": label})).items()
            if name in self.names
        }

    def _labels(self, n: int, rng: torch.Generator) -> Tensor | None:
        if not self.pipeline.conditional:
            return None
        if self.pipeline.labels is None:
            raise ExportError(
                f"{self.pipeline.conditioner.qualified_name} reads labels, "
                "but the pipeline cannot draw any; give it a label sampler"
            )
        labels: Tensor = self.pipeline.labels(n, rng=rng)
        return labels


def _still(part: P) -> P:
    """A copy that is not trained."""
    return copy.deepcopy(part).cpu().float().eval().requires_grad_(False)
