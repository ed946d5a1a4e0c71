"""Directions in latent space that change one thing."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from gancore.errors import UserError
from gancore.latent import finding
from gancore.latent.codes import codes_of, rendered
from gancore.latent.direction_file import DirectionSet
from gancore.latent.editing import edited_latent
from gancore.latent.mixing import layers_of
from gancore.latent.spaces import SPACES, PlainSpace, check_space, usual_space
from gancore.pictures.grid import save_grid
from gancore.pipeline import Pipeline, evaluating
from gancore.verbs.loading import Run, chosen_extractor, drawn, with_latents
from gancore.verbs.progress import Progress, counted, silent
from gancore.verbs.words import Numbers, given, layers_named

__all__ = ["directions"]

METHODS = ("sefa", "ganspace", "linear")
READ_BY = {
    "count": ("sefa", "ganspace"),
    "space": ("ganspace", "linear"),
    "layers": ("sefa",),
    "activations": ("ganspace",),
    "labels": ("linear",),
    "extractor": ("linear",),
}
"""The options that some methods alone read."""
LABELED = 4000
SHOWN = 10


def directions(
    run: Run,
    *,
    method: str = "ganspace",
    count: int | None = None,
    space: str | None = None,
    layers: Numbers | None = None,
    activations: str | None = None,
    labels: Path | str | None = None,
    extractor: str | None = None,
    seed: int | None = None,
    pipeline: str | None = None,
    output: Path | str | None = None,
    progress: Progress = silent,
) -> DirectionSet:
    """Finds directions in latent space, each of which changes one thing; `edit` moves images along them.

    Args:
        run: a run, checkpoint, saved pipeline or import by its folder, or a pipeline at hand.
        method: sefa: from weights; ganspace: principal ones; linear: of what a classifier or labels say.
        count: directions to find, by sefa and ganspace; left out: 10.
        space: z or w, by ganspace and linear; left out: w where there is one.
        layers: by sefa: coarse, middle, fine, or numbers as "0-3"; left out: all.
        activations: by ganspace in z: the module of the generator to look at; left out: images.
        labels: by linear: .npy of classes (N,) or scores (N,) or (N, A) of the images of `sample` with count
            N and this seed.
        extractor: by linear without labels: whose classes; left out: fashion for gray, emoji for RGB.
        seed: of everything random; left out: 0.
        pipeline: which of several, as `backward`; left out: the first.
        output: FILE.safetensors; a grid goes beside it, FILE.png. Left out: nothing is written.
        progress: is told how far the work is.

    Raises:
        UserError: the method is unknown or does not read an option, or the pipeline has no such space.
        RunError: there is no pipeline.
    """
    target = None if output is None else Path(output)
    if method not in METHODS:
        raise UserError(f"--method is {', '.join(METHODS)}; got {method!r}")
    if target is not None and target.suffix != ".safetensors":
        raise UserError(f"directions are written to a file that ends in .safetensors; got {target}")
    words = {"count": count, "space": space, "layers": layers, "activations": activations}
    _check_read(method, given(**words, labels=labels, extractor=extractor))
    chosen, number = with_latents(run, pipeline), seed or 0
    progress(f"{method} directions of {chosen.generator.qualified_name}", 0, 0)
    if method == "sefa":
        only = None if layers is None else layers_named(layers, layers_of(chosen.generator.code_shape))
        found = finding.sefa(chosen, **given(count=count), layers=only, seed=number)
    elif method == "ganspace":
        plain = cast("PlainSpace | None", space)
        found = finding.ganspace(chosen, **given(count=count), space=plain, layer=activations, seed=number)
    else:
        found = _linear(chosen, space, labels, extractor, number)
    if target is not None:
        found.save(target)
        _write_grid(chosen, found, target.with_suffix(".png"), progress)
    return found


def _check_read(method: str, options: dict[str, Any]) -> None:
    for name in options:
        if method not in READ_BY[name]:
            raise UserError(
                f"--{name} is read by --method {' or '.join(READ_BY[name])}, not by {method}; "
                "leave it out, or take such a method"
            )
    if "labels" in options and "extractor" in options:
        raise UserError(
            "--extractor says classes where there are no labels, and --labels gives some; "
            "leave one of the two out"
        )


def _linear(
    pipeline: Pipeline, space: str | None, labels: Path | str | None, extractor: str | None, seed: int
) -> DirectionSet:
    name = cast(PlainSpace, space or usual_space(pipeline))
    check_space(pipeline, name, SPACES)
    answer = None if labels is None else _answers(Path(labels))
    latent, label = pipeline.draw(LABELED if answer is None else len(answer), seed=seed)
    if answer is None:
        answer = _classified(pipeline, latent, label, extractor, seed)
    points = latent if name == "z" else codes_of(pipeline, latent, label)
    return finding.linear(pipeline, points, answer, space=name, seed=seed)


def _answers(path: Path) -> Tensor:
    try:
        found = np.load(path, allow_pickle=False)
        if found.ndim not in (1, 2) or found.dtype.kind not in "iufb":
            raise ValueError(f"{found.dtype} {found.shape}")
    except (
        Exception
    ) as error:  # a damaged header makes numpy throw SyntaxError and more, besides ValueError and OSError
        raise UserError(
            f"{path} cannot be read ({error}); give a .npy file of classes (N,), or of scores (N,) or (N, A)"
        ) from None
    return torch.from_numpy(found.astype("float32" if found.dtype.kind == "f" else "int64"))


def _classified(
    pipeline: Pipeline, latent: Tensor, label: Tensor | None, extractor: str | None, seed: int
) -> Tensor:
    """The most probable class of each image, `(N,)` int64."""
    judge = chosen_extractor(extractor, pipeline.generator.image)
    with evaluating(judge), torch.no_grad():
        return torch.cat(
            [judge.classify(judge(images)).argmax(1) for images in pipeline.chunks(latent, label, seed=seed)]
        )


def _write_grid(pipeline: Pipeline, found: DirectionSet, target: Path, progress: Progress) -> None:
    """A row for each direction, from -3 to 3 deviations from the image of seed 0."""
    amounts = [float(amount) for amount in range(-3, 4)]
    latent, label = drawn(pipeline, [0])
    rows = [
        edited_latent(pipeline, found, index, amounts, latent, label)
        for index in range(min(len(found), SHOWN))
    ]
    codes = torch.cat(rows)
    images = torch.cat(list(counted(rendered(pipeline, codes), len(codes), progress)))
    save_grid(images, target, columns=len(amounts))
