"""`gancore directions`: directions in latent space that change one thing, as a file and a grid."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from gancore.cli import options as o
from gancore.cli.latents import drawn, layers_named, loaded, shown, waiting

if TYPE_CHECKING:
    from torch import Tensor

    from gancore.latent.direction_file import DirectionSet
    from gancore.latent.spaces import PlainSpace
    from gancore.pipeline import Pipeline

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
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="sefa: from weights; ganspace: principal ones; linear: of what a classifier or labels say",
        ),
    ] = "ganspace",
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, help="directions to find, by sefa and ganspace; left out: 10"),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option("--space", help="z or w, by ganspace and linear; left out: w where there is one"),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option("--layers", help="by sefa: coarse, middle, fine, or numbers as 0-3; left out: all"),
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            "--activations", help="by ganspace in z: the module of the generator to look at; left out: images"
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="by linear: .npy of classes (N,) or scores (N,) or (N, "
            "A) of the images of sample --count N --seed …",
        ),
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            "--extractor",
            help="by linear without labels: whose classes; left out: fashion for gray, emoji for RGB",
        ),
    ] = None,
    seed: o.Seed = None,
    pipeline: o.Pipeline = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="FILE.safetensors; a grid goes beside it, FILE.png")
    ] = None,
) -> None:
    """Find directions in latent space, and show where each leads."""
    from gancore.errors import UserError
    from gancore.latent import finding
    from gancore.latent.mixing import layers_of

    target = output or Path(f"{run.resolve().name}-{method}.safetensors")
    if method not in METHODS:
        raise UserError(f"--method is {', '.join(METHODS)}; got {method!r}")
    if target.suffix != ".safetensors":
        raise UserError(f"directions are written to a file that ends in .safetensors; got {target}")
    _check_read(
        method,
        o.given(
            count=count,
            space=space,
            layers=layers,
            activations=activations,
            labels=labels,
            extractor=extractor,
        ),
    )
    chosen, number = loaded(run, pipeline), seed or 0
    with waiting(f"{method} directions of {chosen.generator.qualified_name}"):
        if method == "sefa":
            only = None if layers is None else layers_named(layers, layers_of(chosen.generator.code_shape))
            found = finding.sefa(chosen, **o.given(count=count), layers=only, seed=number)
        elif method == "ganspace":
            found = finding.ganspace(
                chosen,
                **o.given(count=count),
                space=cast("PlainSpace | None", space),
                layer=activations,
                seed=number,
            )
        else:
            found = _linear(chosen, space, labels, extractor, number)
    found.save(target)
    _write_grid(chosen, found, target.with_suffix(".png"))
    for name, value in found.about.get("held_out", {}).items():
        typer.echo(f"direction {name}  {found.about['measure']} {value:.3f}")
    typer.echo(f"{len(found)} directions in {found.space} in {target}, a grid beside it")


def _check_read(method: str, given: dict[str, Any]) -> None:
    from gancore.errors import UserError

    for name in given:
        if method not in READ_BY[name]:
            raise UserError(
                f"--{name} is read by --method {' or '.join(READ_BY[name])}, not by {method}; "
                "leave it out, or take such a method"
            )
    if "labels" in given and "extractor" in given:
        raise UserError(
            "--extractor says classes where there are no labels, and --labels gives some; "
            "leave one of the two out"
        )


def _linear(
    pipeline: "Pipeline", space: str | None, labels: Path | None, extractor: str | None, seed: int
) -> "DirectionSet":
    from gancore.latent.codes import codes_of
    from gancore.latent.finding import linear
    from gancore.latent.spaces import SPACES, check_space, usual_space

    name = cast("PlainSpace", space or usual_space(pipeline))
    check_space(pipeline, name, SPACES)
    answer = None if labels is None else _answers(labels)
    latent, label = pipeline.draw(LABELED if answer is None else len(answer), seed=seed)
    if answer is None:
        answer = _classified(pipeline, latent, label, extractor, seed)
    return linear(
        pipeline, latent if name == "z" else codes_of(pipeline, latent, label), answer, space=name, seed=seed
    )


def _answers(path: Path) -> "Tensor":
    import numpy as np
    import torch

    from gancore.errors import UserError

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
    pipeline: "Pipeline", latent: "Tensor", label: "Tensor | None", extractor: str | None, seed: int
) -> "Tensor":
    """The most probable class of each image, `(N,)` int64."""
    import torch

    from gancore.cli.latents import chosen_extractor
    from gancore.pipeline import evaluating

    judge = chosen_extractor(extractor, pipeline.generator.image)
    with evaluating(judge), torch.no_grad():
        return torch.cat(
            [judge.classify(judge(images)).argmax(1) for images in pipeline.chunks(latent, label, seed=seed)]
        )


def _write_grid(pipeline: "Pipeline", found: "DirectionSet", target: Path) -> None:
    """A row for each direction, from -3 to 3 deviations from the image of seed 0."""
    import torch

    from gancore.latent.editing import edited_latent
    from gancore.pictures.grid import save_grid

    amounts = [float(amount) for amount in range(-3, 4)]
    latent, label = drawn(pipeline, [0])
    rows = [
        edited_latent(pipeline, found, index, amounts, latent, label)
        for index in range(min(len(found), SHOWN))
    ]
    save_grid(torch.cat(list(shown(pipeline, torch.cat(rows)))), target, columns=len(amounts))
