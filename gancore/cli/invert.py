"""`gancore invert`: the codes of real images, and a generator tuned to them."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from gancore.cli import options as o
from gancore.cli.latents import chosen_extractor, loaded, progress
from gancore.cli.outputs import check_new_folder

if TYPE_CHECKING:
    from torch import Tensor

    from gancore.component.interfaces import Extractor, ImageShape
    from gancore.latent.inversion import Inverted
    from gancore.latent.spaces import Space
    from gancore.pipeline import Pipeline

GRID = "grid"


def invert(
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    images: Annotated[list[Path], typer.Argument(help="picture files, PNG, JPEG, WEBP or BMP")],
    space: Annotated[
        str | None,
        typer.Option(
            "--space", help="w: one code; w+: one for each layer; z: a latent; left out: w where there is one"
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="steps of the search; left out: 1000")
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            "--extractor",
            help="features to compare by (`gancore list extractor`); left out: fashion or emoji",
        ),
    ] = None,
    pixels: Annotated[
        float | None,
        typer.Option("--pixels", min=0, help="weight of the pixels beside the features; left out: 1"),
    ] = None,
    label: Annotated[
        int | None, typer.Option("--label", min=0, help="class of the images, where the run reads labels")
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option("--fit", help="crop, pad or stretch images of another size; left out: refuse them"),
    ] = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="then tune the generator to the images, as a pipeline of its own")
    ] = False,
    tune_steps: Annotated[
        int | None, typer.Option("--tune-steps", min=1, help="steps of the tuning; left out: 350")
    ] = None,
    seed: o.Seed = None,
    pipeline: o.Pipeline = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="new folder; left out: RUN-inverted")
    ] = None,
) -> None:
    """Project images into latent space: find the codes that reproduce them."""
    from gancore.latent.inversion import Projection
    from gancore.latent.inversion import invert as search
    from gancore.storage.files import distinct, whole_folder

    target = output or Path(f"{run.resolve().name}-inverted")
    check_new_folder(target)
    settings = Projection(**o.given(steps=steps, pixels=pixels))
    chosen = loaded(run, pipeline)
    real = _read(images, chosen.generator.image, fit)
    judge = chosen_extractor(extractor, chosen.generator.image)
    with progress(settings.steps, "steps") as advance:
        found = search(
            chosen,
            real,
            judge,
            settings,
            space=cast("Space | None", space),
            label=label,
            seed=seed or 0,
            on_step=lambda _: advance(1),
        )
    tuned = (
        _tuned(chosen, real, found, judge, o.given(steps=tune_steps, pixels=pixels), seed or 0)
        if tune or tune_steps
        else None
    )
    made = _ways(chosen, found, tuned, label, seed or 0)
    names = distinct([file.stem for file in images], taken=[GRID])
    scores = _distances(names, real, made, judge)
    facts = {
        "run": str(run),
        "space": found.space,
        "extractor": judge.title,
        "seed": seed or 0,
        "projection": asdict(settings),
    }
    with whole_folder(target) as aside:
        _write(aside, names, real, made, found)
        (aside / "inversion.json").write_text(
            json.dumps({**facts, "distances": scores}, indent=1) + "\n", encoding="utf-8"
        )
        if tuned is not None:
            tuned.save(aside / "tuned")
    _show(scores)
    typer.echo(f"codes, reconstructions and distances in {target}")


def _read(files: list[Path], shape: "ImageShape", fit: str | None) -> "Tensor":
    """Pictures `(N, C, H, W)` in [-1, 1]; channels are brought to the generator's as those of training data
    are.
    """
    import torch

    from gancore.data.decode import decode
    from gancore.data.fitting import fit_image
    from gancore.data.options import ImageOptions
    from gancore.data.source import Unreadable
    from gancore.errors import UserError

    channels, *size = shape
    options = ImageOptions(channels=channels, size=size, bits=8, **o.given(fit=fit))
    rows = []
    for file in files:
        try:
            raw = decode(file.read_bytes())
        except (OSError, Unreadable) as error:
            raise UserError(
                f"{file} cannot be read ({getattr(error, 'strerror', None) or error}); give picture files"
            ) from None
        given = raw.pixels.shape[:2]
        if fit is None and tuple(given) != tuple(size):
            made = f"{size[0]}×{size[1]}"
            raise UserError(
                f"{file} is {given[0]}×{given[1]}, the generator makes {made}; "
                "give --fit crop, pad or stretch to bring it to that"
            )
        rows.append(torch.from_numpy(fit_image(raw, options, str(file)).astype("float32") / 127.5 - 1))
    return torch.stack(rows)


def _tuned(
    pipeline: "Pipeline",
    real: "Tensor",
    found: "Inverted",
    judge: "Extractor",
    settings: dict[str, Any],
    seed: int,
) -> "Pipeline":
    from gancore.latent.tuning import PivotalTuning, tune

    chosen = replace(PivotalTuning(), **settings)
    with progress(chosen.steps, "tuning") as advance:
        return tune(
            pipeline, real, found.code, found.noise, judge, chosen, seed=seed, on_step=lambda _: advance(1)
        )


def _ways(
    pipeline: "Pipeline", found: "Inverted", tuned: "Pipeline | None", label: int | None, seed: int
) -> "dict[str, Tensor]":
    """Images `(N, C, H, W)` by the way that they were made; the best one last."""
    from gancore.latent.codes import render_codes
    from gancore.latent.inversion import render_inverted
    from gancore.latent.spaces import mean_code

    mean = render_codes(pipeline, mean_code(pipeline, label=label, seed=seed), seed=seed)
    made = {"mean code": mean.expand_as(found.image), "reconstruction": found.image}
    return (
        made
        if tuned is None
        else {**made, "tuned": render_inverted(tuned, found.code, found.noise, seed=seed)}
    )


def _distances(
    names: list[str], real: "Tensor", made: "dict[str, Tensor]", judge: "Extractor"
) -> dict[str, dict[str, dict[str, float]]]:
    """Of each image, and each way of making it, the distances by name."""
    from gancore.measure.reconstruction import distances

    tables = {way: distances(judge, real, image) for way, image in made.items()}
    return {
        name: {
            way: {key: round(float(value[i]), 6) for key, value in table.items()}
            for way, table in tables.items()
        }
        for i, name in enumerate(names)
    }


def _write(
    folder: Path, names: list[str], real: "Tensor", made: "dict[str, Tensor]", found: "Inverted"
) -> None:
    import torch

    from gancore.latent.codes import save_code
    from gancore.pictures.grid import pictures, save, save_grid

    best = pictures(list(made.values())[-1])
    for i, name in enumerate(names):
        save_code(folder / f"{name}.npy", found.code[i : i + 1], [m[i : i + 1] for m in found.noise])
        save(best[i], folder / f"{name}.png")
    save_grid(
        torch.stack([real, *made.values()], 1).flatten(0, 1), folder / f"{GRID}.png", columns=1 + len(made)
    )


def _show(scores: dict[str, dict[str, dict[str, float]]]) -> None:
    for name, ways in scores.items():
        for way, table in ways.items():
            typer.echo(
                f"{name}  {way:14}  " + "  ".join(f"{key} {value:.4g}" for key, value in table.items())
            )
