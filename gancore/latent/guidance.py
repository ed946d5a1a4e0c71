"""Guidance: latents or codes follow the gradient of a score of their images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from gancore.component.interfaces import Extractor
from gancore.component.randomness import noise_maps, render_seed, seeded
from gancore.errors import UserError
from gancore.latent.codes import codes_of, noise_of, render_codes
from gancore.latent.settings import check_settings
from gancore.latent.spaces import CodeSpace, Space, code_space
from gancore.latent.wanted_label import Wanted
from gancore.pipeline import Pipeline, evaluating

__all__ = ["Guidance", "Guided", "Scorer", "class_scorer", "guide", "resembling"]

Scorer = Callable[[Tensor], Tensor]
"""Images `(N, C, H, W)` in [-1, 1] → scores `(N,)`, higher is better, differentiable; on the pipeline's
device.
"""


@dataclass(frozen=True)
class Guidance:
    """The settings of a guidance.

    Attributes:
        lr: the learning rate of Adam, in standard deviations of a coordinate.
        reach: how far from the mean points may go, in typical distances; points that start farther out may
        stay there.
        closeness: the weight λ of the squared distance from where a point started, which is taken from its
        score.
    """

    steps: int = 200
    lr: float = 0.05
    reach: float = 1.0
    closeness: float = 0.0

    def __post_init__(self) -> None:
        check_settings("guidance", self)


class Guided(NamedTuple):
    """The result of a guidance.

    Attributes:
        code: `(N, *code_shape)`.
        image: `(N, C, H, W)` in [-1, 1].
        latent: `(N, *latent_shape)` if z was moved, else None.
        scores: `(steps + 1, N)`, from start to end, as the scorer gives them.
    """

    code: Tensor
    image: Tensor
    latent: Tensor | None
    scores: Tensor


def guide(
    pipeline: Pipeline,
    scorer: Scorer,
    settings: Guidance | None = None,
    *,
    count: int = 8,
    space: Space = "z",
    label: Wanted | None = None,
    seed: int = 0,
    start: Tensor | None = None,
    on_step: Callable[[int], None] | None = None,
) -> Guided:
    """Moves `count` samples of a pipeline, or the points `start` `(N, …)` of the space, so that their images
    score higher.

    The method of Nguyen et al. 2016, arXiv:1605.09304 (activation maximization through a generator), which is
    also used for synthesis guided by CLIP: gradient ascent on the generator's input with all weights fixed.
    Instead of a penalty, points stay within a typical distance of the mean, where the generator was trained;
    farther out, the score rises while the image falls apart. For the same reason the space is z by default:
    codes w gain faster, but leave the range of the mapping network.

    Where the conditioner holds a codebook, points of w are float maps, and images are made of the nearest
    vectors; gradients pass straight through, as in Crowson et al. 2022 (VQGAN-CLIP), arXiv:2204.08583.

    From a code of an image, in w+, with `closeness` and `resembling`, it is the latent optimization of
    Patashnik et al. 2021 (StyleCLIP), arXiv:2103.17249, section 4: the minimum of D_CLIP(G(w), t) + λ_L2
    ‖w - w_s‖ + λ_ID L_ID(w), where as in the released code the distance is squared. Differences: a constant
    learning rate, and `reach`.

    Raises:
        UserError: the pipeline has no such space or label, `start` are not its points, or the scorer gives no
        scores `(N,)` that depend on the image.
    """
    chosen = settings or Guidance()
    where = code_space(pipeline, space, label=label, seed=seed)
    start = _start(where, count, seed) if start is None else _given(where, start)
    count = len(start)
    move = where.still(count).requires_grad_()
    unit = (
        where.usual / where.still(1)[0].numel() ** 0.5
        if where.name != "w+"
        else where.usual / start.shape[-1] ** 0.5
    )
    limit = where.length(start - where.mean).clamp_min(chosen.reach * where.usual)
    adam = torch.optim.Adam([move], lr=chosen.lr * unit)
    seen = []
    with evaluating(*pipeline.parts.values()):
        noise = noise_of(pipeline, where.code(start[:1]), render_seed(seed))
        for step in range(chosen.steps + 1):
            with noise_maps(noise), seeded(render_seed(seed), start.device):
                scores = _checked(scorer(pipeline.generator(where.code(start + move)).clamp(-1, 1)), count)
                away = move.square().flatten(1).sum(1)  # ‖w - w_s‖²; in w, that of the shared move
            seen.append(scores.detach().cpu())
            if step == chosen.steps:
                break
            (move.grad,) = torch.autograd.grad((chosen.closeness * away - scores).sum(), [move])
            adam.step()
            _hold(where, start, move, limit)
            if on_step is not None:
                on_step(step)
        with torch.no_grad():
            point = start + move
            code = where.code(point).cpu().contiguous()
    return Guided(
        code,
        render_codes(pipeline, code, seed=seed),
        point.cpu() if where.name == "z" else None,
        torch.stack(seen),
    )


def class_scorer(extractor: Extractor, wanted: int) -> Scorer:
    """The log-probability of a class by an extractor. Raises UserError if it does not classify or has no such
    class.
    """
    if not 0 <= wanted < extractor.classes:
        known = (
            f"has the classes 0 to {extractor.classes - 1}" if extractor.classes else "is not a classifier"
        )
        raise UserError(f"{extractor.qualified_name} {known}; got class {wanted}")
    return lambda image: extractor.classify(extractor(image)).log_softmax(1)[:, wanted]


def resembling(scorer: Scorer, extractor: Extractor, image: Tensor, weight: float = 0.005) -> Scorer:
    """The score less λ L_ID, where L_ID = 1 - cos(R(image), R(x)) is how the features of an extractor R
    differ from those of given images `(N, C, H, W)`, in their order.

    Paper: Patashnik et al. 2021 (StyleCLIP), arXiv:2103.17249, section 4, where R is a network of faces.
    """
    with torch.no_grad():
        known = extractor(image)

    def score(made: Tensor) -> Tensor:
        likeness = cosine_similarity(extractor(made), known.to(made.device), dim=1)
        return scorer(made) - weight * (1 - likeness)

    return score


def _given(space: CodeSpace, start: Tensor) -> Tensor:
    if tuple(start.shape[1:]) != tuple(space.mean.shape[1:]) or not start.is_floating_point():
        raise UserError(
            f"points of {space.name} are float32 (N, {', '.join(map(str, space.mean.shape[1:]))}) here; got "
            f"{start.dtype} {tuple(start.shape)}: give latents for z, and codes for w and w+"
        )
    return start.detach().float().to(space.pipeline.device)


def _start(space: CodeSpace, count: int, seed: int) -> Tensor:
    label = None if space.label is None else space.label.expand(count, *space.label.shape[1:])
    latent, mark = space.pipeline.draw(count, seed=seed, label=label)
    points = latent if space.name == "z" else codes_of(space.pipeline, latent, mark)
    return points.to(space.pipeline.device)


def _checked(scores: Tensor, count: int) -> Tensor:
    if not isinstance(scores, Tensor) or scores.shape != (count,):
        given = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise UserError(f"a scorer gives one score for each of {count} images, ({count},); got {given}")
    if not scores.requires_grad:
        raise UserError(
            "the scores do not depend on the images by what autograd has seen; "
            "leave out no_grad, detach and argmax"
        )
    if not bool(scores.isfinite().all()):
        raise UserError(
            "a score is NaN or infinite; give the scorer images in [-1, 1] that it can read, or a smaller lr"
        )
    return scores


@torch.no_grad()
def _hold(space: CodeSpace, start: Tensor, move: Tensor, limit: Tensor) -> None:
    """Moves points that went too far back along the line to the mean."""
    away = start + move - space.mean
    held = away * (limit / space.length(away).clamp_min(1e-12)).clamp(max=1)
    change = held - away
    # in w, one move is shared by all layers
    move += change.mean(1, keepdim=True) if change.shape != move.shape else change
