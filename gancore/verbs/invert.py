"""The codes of real images, and a generator tuned to them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import attrs
import torch
from PIL import Image
from torch import Tensor

from gancore.component.interfaces import Extractor, ImageShape
from gancore.data.decode import decode
from gancore.data.files import FolderFiles
from gancore.data.fitting import as_image
from gancore.data.options import ImageOptions
from gancore.data.pictures import Pictures
from gancore.data.source import Unreadable
from gancore.errors import UserError
from gancore.latent import inversion
from gancore.latent.codes import render_codes, save_code
from gancore.latent.inversion import Inverted, Projection, render_inverted
from gancore.latent.spaces import Space, mean_code
from gancore.latent.tuning import PivotalTuning, tune
from gancore.latent.wanted_label import Wanted
from gancore.measure.reconstruction import distances
from gancore.pictures.captions import Captions
from gancore.pictures.grid import save, to_grid, to_pil
from gancore.pipeline import Pipeline
from gancore.progress import Progress, tell
from gancore.storage.files import distinct, whole_folder
from gancore.verbs.loading import Run, chosen_extractor, with_latents
from gancore.verbs.outputs import check_new_folder
from gancore.verbs.words import given, several

GRID = "grid"

Distances = dict[str, dict[str, dict[str, float]]]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Inversion:
    """Images projected into latent space; a notebook shows each next to its reconstructions.

    Attributes:
        names: names of the images, from their files.
        real: the images, `(N, C, H, W)` in [-1, 1].
        made: images of the same shape by method, the best last.
        found: codes, noise and images found by the optimization.
        distances: by image, method and name of the distance.
        tuned: the pipeline tuned to the images, if requested.
        facts: the settings of the inversion.
        path: where it was written, if at all.
    """

    names: tuple[str, ...]
    real: Tensor
    made: dict[str, Tensor]
    found: Inverted
    distances: Distances
    tuned: Pipeline | None
    facts: dict[str, Any]
    path: Path | None = None

    @property
    def code(self) -> Tensor:
        """The codes, `(N, *code_shape)`."""
        return self.found.code

    def __len__(self) -> int:
        return len(self.names)

    def __str__(self) -> str:
        return "\n".join(
            f"{name}  {way:14}  " + "  ".join(f"{key} {value:.4g}" for key, value in table.items())
            for name, ways in self.distances.items()
            for way, table in ways.items()
        )

    __repr__ = __str__

    def save(self, output: Path | str) -> Path:
        """Writes a new folder, whole or not at all: codes, reconstructions, a grid, distances, and the tuned
        pipeline. Raises UserError if the folder exists and is not empty.
        """
        output = Path(output)
        check_new_folder(output)
        best = to_pil(list(self.made.values())[-1])
        with whole_folder(output) as aside:
            for i, name in enumerate(self.names):
                noise = [m[i : i + 1] for m in self.found.noise]
                save_code(aside / f"{name}.npy", self.code[i : i + 1], noise)
                save(best[i], aside / f"{name}.png")
            save(self.to_grid(), aside / f"{GRID}.png")
            text = json.dumps({**self.facts, "distances": self.distances}, indent=1) + "\n"
            (aside / "inversion.json").write_text(text, encoding="utf-8")
            if self.tuned is not None:
                self.tuned.save(aside / "tuned")
        return output

    def to_grid(self) -> Image.Image:
        """One row per image: the original, then each reconstruction."""
        captions = Captions(rows=self.names, columns=["original", *self.made])
        return to_grid(self._side_by_side(), columns=1 + len(self.made), captions=captions)

    def _side_by_side(self) -> Tensor:
        return torch.stack([self.real, *self.made.values()], 1).flatten(0, 1)

    def _repr_png_(self) -> bytes:
        content = BytesIO()
        self.to_grid().save(content, "PNG")
        return content.getvalue()


def invert(
    run: Run,
    images: Path | str | Sequence[Path | str],
    *,
    space: str | None = None,
    steps: int | None = None,
    extractor: str | None = None,
    pixels: float | None = None,
    label: Wanted | None = None,
    fit: str | None = None,
    tune: bool = False,
    tune_steps: int | None = None,
    seed: int | None = None,
    pipeline: str | None = None,
    device: str | None = None,
    output: Path | str | None = None,
    progress: Progress = tell,
) -> Inversion:
    """Projects images into latent space: finds the codes that reproduce them.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        images: image files (PNG, JPEG, WEBP or BMP), or folders of them.
        space: w: one code; w+: one code per layer; z: a latent; default: w if the generator has one.
        steps: optimization steps; default: 1000.
        extractor: extractor of the features to match; default: fashion for gray, emoji for RGB.
        pixels: weight of the pixel loss relative to the feature loss; default: 1.
        label: class of the images, its name, or a row of numbers, if the run is conditional.
        fit: crop, pad or stretch images of another size; default: refuse them.
        tune: then tune the generator to the images, as a separate pipeline.
        tune_steps: tuning steps; default: 350.
        seed: random seed; default: 0.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        device: auto, cpu, cuda, cuda:1 or mps; default: cpu, or where a given `Pipeline` is.
        output: new folder for all results; default: nothing is written.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: an image cannot be read or does not fit, or the pipeline has no such space.
        RunError: the folder holds no pipeline.
    """
    if output is not None:
        check_new_folder(Path(output))
    settings = Projection(**given(steps=steps, pixels=pixels))
    chosen, number, files = with_latents(run, pipeline, device), seed or 0, _files(several(images))
    real = _read(files, chosen.generator.image, fit)
    perceptual = chosen_extractor(extractor, chosen.generator.image)
    found = inversion.invert(
        chosen,
        real,
        perceptual,
        settings,
        space=cast("Space | None", space),
        label=label,
        seed=number,
        on_step=lambda step: progress("steps", step + 1, settings.steps),
    )
    tuned = None
    if tune or tune_steps:
        tuned = _tuned(
            chosen, real, found, perceptual, given(steps=tune_steps, pixels=pixels), number, progress
        )
    made = _ways(chosen, found, tuned, label, number)
    names = distinct([file.stem for file in files], taken=[GRID])
    result = Inversion(
        names=tuple(names),
        real=real,
        made=made,
        found=found,
        distances=_distances(names, real, made, perceptual),
        tuned=tuned,
        facts={
            "run": "" if isinstance(run, Pipeline) else str(run),
            "space": found.space,
            "extractor": perceptual.title,
            "seed": number,
            "projection": asdict(settings),
        },
    )
    return result if output is None else attrs.evolve(result, path=result.save(output))


def _files(given: Sequence[Path | str]) -> list[Path]:
    """The files that are given, and those in the folders that are."""
    found: list[Path] = []
    for path in map(Path, given):
        found += [path / name for name in Pictures(FolderFiles(path)).names] if path.is_dir() else [path]
    return found


def _read(files: Sequence[Path], shape: ImageShape, fit: str | None) -> Tensor:
    """Images `(N, C, H, W)` in [-1, 1]; channels are converted to the generator's, as in training data."""
    channels, *size = shape
    options = ImageOptions(channels=channels, size=size, bits=8, **given(fit=fit))
    rows = []
    for file in files:
        try:
            raw = decode(file.read_bytes())
        except (OSError, Unreadable) as error:
            raise UserError(
                f"{file} cannot be read ({getattr(error, 'strerror', None) or error}); give image files"
            ) from None
        found = raw.pixels.shape[:2]
        if fit is None and tuple(found) != tuple(size):
            made = f"{size[0]}×{size[1]}"
            raise UserError(
                f"{file} is {found[0]}×{found[1]}, the generator makes {made}; "
                "give --fit crop, pad or stretch to resize it"
            )
        rows.append(as_image(raw, options, str(file)))
    return torch.stack(rows)


def _tuned(
    pipeline: Pipeline,
    real: Tensor,
    found: Inverted,
    perceptual: Extractor,
    settings: dict[str, Any],
    seed: int,
    progress: Progress,
) -> Pipeline:
    chosen = replace(PivotalTuning(), **settings)
    return tune(
        pipeline,
        real,
        found.code,
        found.noise,
        perceptual,
        chosen,
        seed=seed,
        on_step=lambda step: progress("tuning", step + 1, chosen.steps),
    )


def _ways(
    pipeline: Pipeline, found: Inverted, tuned: Pipeline | None, label: Wanted | None, seed: int
) -> dict[str, Tensor]:
    """Images `(N, C, H, W)` by method, the best last."""
    mean = render_codes(pipeline, mean_code(pipeline, label=label, seed=seed), seed=seed)
    made = {"mean code": mean.expand_as(found.image), "reconstruction": found.image}
    return (
        made
        if tuned is None
        else {**made, "tuned": render_inverted(tuned, found.code, found.noise, seed=seed)}
    )


def _distances(
    names: Sequence[str], real: Tensor, made: dict[str, Tensor], perceptual: Extractor
) -> Distances:
    tables = {way: distances(perceptual, real, image) for way, image in made.items()}
    return {
        name: {
            way: {key: round(float(value[i]), 6) for key, value in table.items()}
            for way, table in tables.items()
        }
        for i, name in enumerate(names)
    }
