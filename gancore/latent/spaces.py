"""The spaces in which points can be moved: latents (z), codes (w), per-layer codes (w+)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from gancore.component.network_sampler import NetworkSampler
from gancore.component.randomness import fold
from gancore.errors import UserError
from gancore.latent.codes import codes_of, has_codes
from gancore.latent.mixing import layers_of
from gancore.latent.wanted_label import Wanted, wanted_label
from gancore.pipeline import Pipeline

__all__ = [
    "SPACES",
    "CodeSpace",
    "PlainSpace",
    "Space",
    "check_space",
    "code_space",
    "draws_of",
    "mean_code",
    "usual_space",
]

Space = Literal["z", "w", "w+"]
PlainSpace = Literal["z", "w"]
"""The spaces of directions and walks."""
SPACES: tuple[PlainSpace, ...] = get_args(PlainSpace)
DRAWS = 10_000
"""Number of draws for estimating mean and spread; Karras et al. 2019, arXiv:1912.04958, appendix D."""
FEW = 512
"""The same number where the sampler is a network, which is slow."""
CHUNK = 1024


@dataclass(frozen=True)
class CodeSpace:
    """One space of a pipeline, and the distribution of its points.

    Attributes:
        mean: `(1, *S)`, the mean of what is drawn.
        usual: the typical distance from it (root mean square); if codes have layers, that of one layer's
        code.
        label: the class of all points `(1,)`, if there is one.
    """

    pipeline: Pipeline
    name: Space
    mean: Tensor
    usual: float
    label: Tensor | None = None

    @property
    def layered(self) -> bool:
        """Whether points are codes `(L, W)`."""
        return self.name != "z" and layers_of(self.mean.shape[1:]) > 0

    def still(self, n: int) -> Tensor:
        """`n` zero moves: in w `(n, 1, W)`, shared by all layers, else `(n, *S)`."""
        shape = (1, self.mean.shape[-1]) if self.layered and self.name == "w" else self.mean.shape[1:]
        return torch.zeros(n, *shape, device=self.pipeline.device)

    def length(self, move: Tensor) -> Tensor:
        """The length of moves `(N, …)` in units of `usual`, per layer: `(N, L or 1, 1)`, else `(N, 1, …)`."""
        axes = (-1,) if self.layered else tuple(range(1, move.ndim))
        found: Tensor = torch.linalg.vector_norm(move, dim=axes, keepdim=True)
        return found

    def code(self, point: Tensor) -> Tensor:
        """The generator's codes of points `(N, *S)`; differentiable. Codes of a codebook are the nearest
        ones.
        """
        if self.name != "z":
            return self.pipeline.conditioner.snap(point)
        label = (
            None
            if self.label is None
            else self.label.to(point.device).expand(len(point), *self.label.shape[1:])
        )
        code: Tensor = self.pipeline.conditioner(point, label)
        return code


def usual_space(pipeline: Pipeline) -> PlainSpace:
    """w if there is one, else z."""
    return "w" if has_codes(pipeline) else "z"


def code_space(
    pipeline: Pipeline, space: Space | None = None, *, label: Wanted | None = None, seed: int = 0
) -> CodeSpace:
    """The space of that name, by default w if there is one.

    Raises:
        UserError: the pipeline draws no latents or has no such space, or a label is missing or not accepted.
    """
    name = space or usual_space(pipeline)
    check_space(pipeline, name)
    mark = wanted_label(pipeline, label)
    if name == "z" and mark is None:
        # with labels, all points get the label that this seed draws
        mark = pipeline.draw(1, seed=seed)[1]
    mean, usual = _moments(pipeline, name, mark, seed)
    return CodeSpace(pipeline, name, mean.to(pipeline.device), usual, mark)


def mean_code(pipeline: Pipeline, *, label: Wanted | None = None, seed: int = 0) -> Tensor:
    """The mean `(1, *code_shape)` of the codes of many draws."""
    mark = wanted_label(pipeline, label)
    return _moments(pipeline, "w", mark, seed)[0].to(pipeline.device)


def draws_of(pipeline: Pipeline, usual: int = DRAWS) -> int:
    """The number of latents to draw for an estimate: as usual, or few if the sampler is a network."""
    return min(usual, FEW) if isinstance(pipeline.sampler, NetworkSampler) else usual


def _moments(pipeline: Pipeline, name: Space, label: Tensor | None, seed: int) -> tuple[Tensor, float]:
    total, squares, draws = torch.zeros(()), 0.0, draws_of(pipeline)
    for start in range(0, draws, CHUNK):
        n = min(CHUNK, draws - start)
        latent, mark = pipeline.draw(
            n,
            seed=fold(seed, "moments", start),
            label=None if label is None else label.expand(n, *label.shape[1:]),
        )
        points = (latent if name == "z" else codes_of(pipeline, latent, mark)).double()
        total = total + points.sum(0, keepdim=True)
        squares += float(points.square().sum())
    mean = total / draws
    layers = layers_of(mean.shape[1:]) if name != "z" else 0
    spread = max(squares / draws - float(mean.square().sum()), 0.0) / max(layers, 1)
    return mean.float(), spread**0.5


def check_space(pipeline: Pipeline, name: str, known: Sequence[str] = get_args(Space)) -> None:
    """Raises UserError if the pipeline draws no latents, or the space is missing, not continuous, or not in
    `known`.
    """
    if pipeline.sampler is None:
        raise UserError(
            f"{pipeline.generator.qualified_name} {pipeline.product} images, so it has no latent space; "
            "give another pipeline"
        )
    if name not in known:
        raise UserError(f"the spaces here are {', '.join(known)}; got {name!r}")
    if name == "z" and (size := pipeline.conditioner.codebook_size):
        raise UserError(
            f"the latents of {pipeline.conditioner.qualified_name} are indices below {size}, and nothing "
            "lies between two of them; choose w, the space of the codes that they stand for"
        )
    if name != "z" and not has_codes(pipeline):
        address = pipeline.conditioner.qualified_name
        raise UserError(
            f"{address} passes latents through unchanged, so this pipeline has no {name} besides z; choose z"
        )
    if name == "w+" and not layers_of(pipeline.generator.code_shape):
        shape = tuple(pipeline.generator.code_shape)
        raise UserError(
            f"{pipeline.generator.qualified_name} reads one code {shape} for the whole image, so w+ is w; "
            "choose w"
        )
