"""Methods that find directions of a pipeline: SeFa, GANSpace, or from labels."""

from collections.abc import Collection

import torch
from torch import Tensor

from gancore.component.interfaces import Generator
from gancore.component.randomness import fold
from gancore.errors import UserError
from gancore.latent.codes import codes_of
from gancore.latent.direction_file import DirectionSet
from gancore.latent.directions import principal_directions, response_directions
from gancore.latent.labeled import labeled_directions
from gancore.latent.mixing import layers_of
from gancore.latent.sefa import sefa_directions
from gancore.latent.spaces import SPACES, PlainSpace, check_space, draws_of, usual_space
from gancore.pipeline import Pipeline, evaluating
from gancore.progress import counted

__all__ = ["ganspace", "linear", "sefa"]

SAMPLES = 10_000
"""Codes that variances and principal components are estimated from."""
IMAGES = 2_000
"""Latents whose images or activations are analyzed."""


def sefa(
    pipeline: Pipeline, count: int = 10, *, layers: Collection[int] | None = None, seed: int = 0
) -> DirectionSet:
    """Directions from the weights alone, in the space of codes; see `sefa_directions`. The deviations are
    those of drawn codes.

    Raises:
        UserError: the generator names no weights that read its codes, or has fewer directions or no such
        layers.
    """
    generator: Generator = pipeline.generator
    vectors = sefa_directions(
        [w.detach() for w in generator.code_weights()], generator.code_shape, count, layers=layers
    )
    codes = _drawn(pipeline, "w", draws_of(pipeline, SAMPLES), seed)
    about = {} if layers is None else {"layers": sorted(layers)}
    space = usual_space(pipeline)
    return DirectionSet(vectors, _deviation(codes, vectors), space, "sefa", _numbered(len(vectors)), about)


def ganspace(
    pipeline: Pipeline,
    count: int = 10,
    *,
    space: PlainSpace | None = None,
    layer: str | None = None,
    seed: int = 0,
) -> DirectionSet:
    """Principal directions. Paper: Härkönen et al. 2020 (GANSpace), arXiv:2004.02546.

    In w, the components of the codes; in z, where latents are isotropic noise, latents are regressed on the
    principal coordinates of the activations of the generator's module named `layer`, or of the images by
    default.

    Raises:
        UserError: the pipeline has no such space or module, or fewer dimensions than `count`.
    """
    name = space or ("z" if layer else usual_space(pipeline))
    check_space(pipeline, name, SPACES)
    if name != "z" and layer is not None:
        raise UserError(
            f"the activations of {layer!r} are for directions in z; "
            "in w the codes themselves are analyzed: omit the layer"
        )
    if name != "z":
        codes, times = tied(_drawn(pipeline, "w", draws_of(pipeline, SAMPLES), seed))
        found = principal_directions(codes, count)
        return DirectionSet(
            _for_all(found.vectors, times),
            found.deviation * times**0.5,
            "w",
            "ganspace",
            _numbered(count),
            {},
        )
    latent, label = pipeline.draw(IMAGES, seed=fold(seed, "directions"))
    seen = (
        torch.cat(list(counted(pipeline.chunks(latent, label), len(latent))))
        if layer is None
        else activations(pipeline, latent, label, layer)
    )
    responses = response_directions(latent, seen, count)
    about = {} if layer is None else {"layer": layer}
    return DirectionSet(responses.vectors, responses.deviation, "z", "ganspace", _numbered(count), about)


def linear(
    pipeline: Pipeline, point: Tensor, answer: Tensor, *, space: PlainSpace | None = None, seed: int = 0
) -> DirectionSet:
    """Directions for labels or scores of images, by linear models on their latents or codes `point` `(N,
    *S)`.

    Paper: Shen et al. 2019 (InterFaceGAN), arXiv:1907.10786; see `labeled_directions` for `answer`, the
    difference, and errors.
    """
    name = space or usual_space(pipeline)
    check_space(pipeline, name, SPACES)
    rows, times = tied(point) if name != "z" else (point, 1)
    found = labeled_directions(rows.flatten(1), answer, seed=seed)
    vectors = _for_all(found.vectors.reshape(-1, *rows.shape[1:]), times)
    about = {"held_out": dict(zip(found.names, found.held_out, strict=True)), "measure": found.measure}
    return DirectionSet(vectors, _deviation(point, vectors), name, "linear", found.names, about)


def activations(pipeline: Pipeline, latent: Tensor, label: Tensor | None, layer: str) -> Tensor:
    """The output of the generator's module `layer` for latents: `(N, …)`. Raises UserError if there is no
    such module.
    """
    modules = dict(pipeline.generator.named_modules())
    if layer not in modules or not layer:
        some = ", ".join(name for name in modules if name)
        raise UserError(
            f"{pipeline.generator.qualified_name} has no module {layer!r}; its modules: {some[:400]}"
        )
    seen: list[Tensor] = []
    hook = modules[layer].register_forward_hook(
        lambda module, given, made: seen.append(made.detach().flatten(1).cpu())
    )
    try:
        with evaluating(pipeline.generator):
            pipeline.render(latent, label)
    finally:
        hook.remove()
    if sum(map(len, seen)) != len(latent):
        raise UserError(
            f"{layer!r} does not give one row for each image; "
            f"name another module of {pipeline.generator.qualified_name}"
        )
    return torch.cat(seen)


def tied(codes: Tensor) -> tuple[Tensor, int]:
    """Codes `(N, W)` and L if all layers of codes `(N, L, W)` are equal; else the codes unchanged, and 1."""
    layers = layers_of(codes.shape[1:])
    if layers and torch.equal(codes, codes[:, :1].expand_as(codes)):
        return codes[:, 0], layers
    return codes, 1


def _for_all(vectors: Tensor, layers: int) -> Tensor:
    """Unit vectors `(k, W)` as unit vectors `(k, L, W)` that move all layers equally."""
    return vectors if layers == 1 else (vectors / layers**0.5)[:, None].repeat(1, layers, 1)


def _drawn(pipeline: Pipeline, space: PlainSpace, count: int, seed: int) -> Tensor:
    latent, label = pipeline.draw(count, seed=fold(seed, "directions"))
    return latent if space == "z" else codes_of(pipeline, latent, label)


def _deviation(points: Tensor, vectors: Tensor) -> Tensor:
    return (points.flatten(1).double() @ vectors.flatten(1).double().t()).std(0).float()


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))
