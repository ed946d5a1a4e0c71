"""An imported network as the beginning of a training: a recipe whose parts take their weights from it."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gancore import Discriminator, Part
from gancore.component.part import fact_fields
from gancore.component.specs import build, spec, to_toml
from gancore.component.weights import FILE, write_weights
from gancore.errors import CheckpointError, UserError
from gancore.pipeline import Pipeline
from gancore.runs.folder import RunFolder
from gancore.storage.files import whole_folder
from gancore.storage.manifest import write_manifest
from gancore_stylegan.published.importing import import_discriminator, import_generator
from gancore_stylegan.published.networks import Network, read_networks
from gancore_stylegan.stylegan3.synthesis import StyleGAN3Synthesis

__all__ = ["import_file", "recipe_table"]

JUDGE = "discriminator"
"""The folder of an import, laid out as that of a run, holds its discriminator beside the pipeline."""
AVERAGED = ("G_ema", "g_ema")
"""The generators that samples are made with, by NVIDIA's and by rosinality's name."""


def import_file(
    file: Path, folder: Path, network: str | None = None, *, noise: str = "random"
) -> tuple[Pipeline, str]:
    """Writes `folder`: the pipeline of a generator of the file, and a recipe that goes on training it against
    the file's discriminator.

    `network` names the generator; without one it is that with averaged weights. Gives the pipeline, and why
    there is no recipe, where there is none.

    Raises:
        UserError: the folder exists, or the file has no such network.
        CheckpointError: the file cannot be read, or the generator not be imported.
    """
    if folder.exists():
        raise UserError(f"{folder} exists already; give --output a new folder")
    networks = read_networks(file)
    name = _chosen(networks, network, file)
    chosen = networks[name]
    try:
        pipeline = import_generator(chosen, noise=noise)
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {name}: {error}") from None
    judge, why = _discriminator(networks, pipeline)
    with whole_folder(folder) as aside:
        RunFolder(aside).save_pipelines({"image": pipeline})
        if judge is not None:
            (aside / JUDGE).mkdir()
            write_weights(
                aside / JUDGE / FILE, {f"{JUDGE}.{name}": value for name, value in judge.state_dict().items()}
            )
            write_manifest(aside / JUDGE)
            RunFolder(aside).recipe_file.write_text(
                to_toml(recipe_table(pipeline, judge, folder.resolve())), encoding="utf-8"
            )
    return pipeline, why


def _chosen(networks: Mapping[str, Network], name: str | None, file: Path) -> str:
    for known in AVERAGED if name is None else (name,):
        if known in networks:
            return known
    wanted = f"got {name!r}" if name else f"there is no {' or '.join(AVERAGED)}"
    raise UserError(
        f"{file} has the networks {', '.join(networks)}; choose one of them with --network; {wanted}"
    )


def recipe_table(pipeline: Pipeline, discriminator: Discriminator, folder: Path) -> dict[str, Any]:
    """The spec of `recipe/stylegan2` or `recipe/stylegan3` with published hyperparameters and the weights in
    `folder`.

    Its image, and classes where there are some, are those of the networks: training asks of the data to have
    them. The average has no ramp-up, and nothing is blurred at the start, as in the released code where a
    training resumes.
    """
    parts = {"generator": pipeline.generator, "conditioner": pipeline.conditioner, JUDGE: discriminator}
    name = "stylegan3" if isinstance(pipeline.generator, StyleGAN3Synthesis) else "stylegan2"
    average = {"part": "exponential", "ramp_up": math.inf}
    table = spec(
        build({"part": name, "average": average, **{seat: _options(part) for seat, part in parts.items()}})
    )
    for seat in parts:
        table[seat]["from"] = f"{folder}:{seat}"
    classes = getattr(pipeline.conditioner, "classes", 0)
    return table | {"image": list(pipeline.generator.image)} | ({"classes": classes} if classes else {})


def _options(part: Part) -> dict[str, Any]:
    """The spec without what the recipe tells."""
    told = {fact.name for fact in fact_fields(type(part))}
    return {name: value for name, value in spec(part).items() if name not in told}


def _discriminator(networks: Mapping[str, Network], pipeline: Pipeline) -> tuple[Discriminator | None, str]:
    found = next((name for name in ("D", "d") if name in networks), None)
    if found is None:
        return None, "the file has no discriminator"
    try:
        made = import_discriminator(networks[found])
    except CheckpointError as error:
        return None, f"the discriminator cannot be imported: {error}"
    if tuple(made.image) != tuple(pipeline.generator.image):
        return (
            None,
            f"the discriminator reads images {tuple(made.image)}, not {tuple(pipeline.generator.image)}",
        )
    return made, ""
