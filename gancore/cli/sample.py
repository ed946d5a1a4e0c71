"""`gancore sample`: images from a run, or images translated or reconstructed by it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gancore.cli import options as o
from gancore.cli.latents import progress
from gancore.cli.outputs import check_file, check_new_folder, check_picture

if TYPE_CHECKING:
    from torch import Tensor

    from gancore.pipeline import Pipeline


def sample(
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    count: Annotated[int, typer.Option("--count", min=1, help="number of images")] = 64,
    seed: o.Seed = None,
    label: o.Label = None,
    truncation: o.Truncation = 1.0,
    truncation_layers: Annotated[
        int | None,
        typer.Option(
            "--truncation-layers", min=0, help="truncate the first so many layers alone; left out: all"
        ),
    ] = None,
    pipeline: o.Pipeline = None,
    data: Annotated[
        str | None, typer.Option("--data", help="images to translate or reconstruct, in place of sampling")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="FILE.png for a grid, FILE.npy, or a FOLDER for one file each"),
    ] = None,
) -> None:
    """Draw images from a trained run."""
    from gancore.errors import UserError
    from gancore.pipeline import check_truncation
    from gancore.runs.opening import load_pipeline

    if truncation_layers is not None and truncation == 1:
        raise UserError(
            "--truncation-layers says which layers --truncation moves; "
            "give --truncation too, as 0.7, or leave it out"
        )
    if data is not None and (truncation != 1 or label is not None):
        raise UserError(
            "--data gives the images to start from, so that --truncation and --label change nothing; "
            "leave them out"
        )
    target = output or Path(f"{run.resolve().name}-samples.png")
    _check(target)
    chosen = load_pipeline(run, pipeline)
    check_truncation(chosen, truncation, truncation_layers)
    if data is not None:
        images, names = _through(chosen, data, seed or 0)
    else:
        images, names = (
            _drawn(
                chosen,
                count,
                label,
                seed or 0,
                o.given(truncation=truncation, truncation_layers=truncation_layers),
            ),
            [],
        )
    typer.echo(_write(images, names, target))


def _check(output: Path) -> None:
    check = check_file if output.suffix == ".npy" else check_picture if output.suffix else check_new_folder
    check(output)


def _drawn(
    pipeline: "Pipeline", count: int, label: int | None, seed: int, truncated: dict[str, Any]
) -> "Tensor":
    """The images of `Pipeline.sample`, the same bits."""
    import torch

    latent, marks = pipeline.draw(
        count, seed=seed, label=None if label is None else torch.full((count,), label)
    )
    done = []
    with progress(count) as advance:
        for images in pipeline.chunks(latent, marks, seed=seed, **truncated):
            done.append(images)
            advance(len(images))
    return torch.cat(done)


def _through(pipeline: "Pipeline", source: str, seed: int) -> "tuple[Tensor, list[str]]":
    import numpy as np

    from gancore.data import ImageOptions, Images
    from gancore.runs.sources import open_source
    from gancore.storage.files import distinct

    shape = pipeline.generator.code_shape if pipeline.sampler is None else pipeline.generator.image
    images = open_source(source, ImageOptions(channels=shape[0], size=tuple(shape[1:]), labels="none"))
    rows = images.rows(np.arange(len(images)))["image"]
    made = (
        pipeline.render(rows, seed=seed)
        if pipeline.sampler is None
        else pipeline.reconstruct(rows, seed=seed)
    )
    return made, distinct([Path(name).stem for name in images.names]) if isinstance(images, Images) else []


def _write(images: "Tensor", names: list[str], output: Path) -> str:
    import numpy as np

    from gancore.pictures.grid import pictures, save, save_grid
    from gancore.storage.files import whole_file, whole_folder

    output.parent.mkdir(parents=True, exist_ok=True)
    if output.suffix == ".npy":
        with whole_file(output) as aside, aside.open("wb") as file:
            np.save(file, images.numpy())
        return f"{len(images)} images as an array {tuple(images.shape)} in {output}"
    if output.suffix:
        save_grid(images, output)
        return f"{len(images)} images on a grid in {output}"
    with whole_folder(output) as aside:
        for i, picture in enumerate(pictures(images)):
            save(picture, aside / f"{names[i] if names else f'{i:06d}'}.png")
    return f"{len(images)} images in {output}"
