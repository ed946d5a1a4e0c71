"""Directions in latent space that change one property of an image."""

from collections.abc import Mapping
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
from gancore.pictures.captions import Captions
from gancore.pictures.grid import save_grid
from gancore.pipeline import Pipeline, evaluating
from gancore.progress import Progress, counted, tell
from gancore.verbs.loading import Run, chosen_extractor, drawn, with_latents
from gancore.verbs.pictures import origin
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
"""The options that only some methods use."""
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
    device: str | None = None,
    output: Path | str | None = None,
    progress: Progress = tell,
) -> DirectionSet:
    """Finds directions in latent space, each of which changes one property; `edit` moves images along them.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        method: sefa (from the weights), ganspace (principal components) or linear (from a classifier or
            labels).
        count: number of directions (sefa and ganspace); default: 10.
        space: z or w (ganspace and linear); default: w if the generator has one.
        layers: coarse, middle, fine, or numbers such as "0-3" (sefa); default: all.
        activations: generator module to analyze (ganspace in z); default: the images.
        labels: classes (N,) or scores (N,) or (N, A) of the images of `sample` with count N and this seed, as
            a .npy file (linear).
        extractor: classifier to use without labels (linear); default: fashion for gray, emoji for RGB.
        seed: random seed; default: 0.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        device: auto, cpu, cuda, cuda:1 or mps; default: cpu, or where a given `Pipeline` is.
        output: FILE.safetensors; a grid is written to FILE.png. By default, nothing is written.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: the method is unknown or does not use an option, or the pipeline has no such space.
        RunError: the folder holds no pipeline.
    """
    target = None if output is None else Path(output)
    if method not in METHODS:
        raise UserError(f"--method must be one of {', '.join(METHODS)}; got {method!r}")
    if target is not None and target.suffix != ".safetensors":
        raise UserError(f"directions are saved as .safetensors files; got {target}")
    words = {"count": count, "space": space, "layers": layers, "activations": activations}
    _check_read(method, given(**words, labels=labels, extractor=extractor))
    chosen, number = with_latents(run, pipeline, device), seed or 0
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
        _write_grid(chosen, found, target.with_suffix(".png"), origin(run, 0), progress)
    return found


def _check_read(method: str, options: dict[str, Any]) -> None:
    for name in options:
        if method not in READ_BY[name]:
            raise UserError(
                f"--{name} applies to --method {' or '.join(READ_BY[name])}, not to {method}; "
                "omit it, or choose one of these methods"
            )
    if "labels" in options and "extractor" in options:
        raise UserError("--extractor predicts classes and --labels gives them; use one of the two")


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
    except Exception as error:  # a damaged header can also raise SyntaxError and others
        raise UserError(
            f"{path} cannot be read ({error}); give a .npy file of classes (N,), or of scores (N,) or (N, A)"
        ) from None
    return torch.from_numpy(found.astype("float32" if found.dtype.kind == "f" else "int64"))


def _classified(
    pipeline: Pipeline, latent: Tensor, label: Tensor | None, extractor: str | None, seed: int
) -> Tensor:
    """The most probable class of each image, `(N,)` int64."""
    classifier = chosen_extractor(extractor, pipeline.generator.image)
    with evaluating(classifier), torch.no_grad():
        chunks = pipeline.chunks(latent, label, seed=seed)
        return torch.cat([classifier.classify(classifier(images)).argmax(1) for images in chunks])


def _write_grid(
    pipeline: Pipeline, found: DirectionSet, target: Path, texts: Mapping[str, str], progress: Progress
) -> None:
    """One row per direction: the image of seed 0 moved by -3 to 3 standard deviations."""
    amounts = [float(amount) for amount in range(-3, 4)]
    latent, label = drawn(pipeline, [0])
    rows = [
        edited_latent(pipeline, found, index, amounts, latent, label)
        for index in range(min(len(found), SHOWN))
    ]
    codes = torch.cat(rows)
    images = torch.cat(list(counted(rendered(pipeline, codes), len(codes), progress)))
    captions = Captions(
        rows=[f"direction {index}" for index in range(len(rows))],
        columns=[f"{amount:+.3g} sd" for amount in amounts],
        title="seed 0",
    )
    save_grid(images, target, columns=len(amounts), captions=captions, texts=texts)
