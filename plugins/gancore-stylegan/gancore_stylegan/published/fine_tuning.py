"""An imported network as a starting point for training: a recipe whose parts load its weights."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gancore import Discriminator, Part
from gancore.component.bounded import bounded_by_weights
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
"""The discriminator's folder, next to the pipeline; an import has the layout of a run folder."""
AVERAGED = ("G_ema", "g_ema")
"""The names that NVIDIA and rosinality give the generator that is used for sampling."""


def import_file(
    file: Path, folder: Path, network: str | None = None, *, noise: str = "random"
) -> tuple[Pipeline, str]:
    """Writes `folder`: the pipeline of a generator in the file, and a recipe that continues its training
    against the file's discriminator.

    `network` names the generator; by default it is the one with averaged weights. Returns the pipeline, and
    the reason why there is no recipe, empty if there is one.

    Raises:
        UserError: the folder exists, or the file has no network of that name.
        CheckpointError: the file cannot be read, or the generator cannot be imported.
    """
    if folder.exists():
        raise UserError(f"{folder} already exists; give --output a new folder")
    networks = read_networks(file)
    name = _chosen(networks, network, file)
    chosen = networks[name]
    try:
        with bounded_by_weights(file):
            pipeline = import_generator(chosen, noise=noise)
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {name}: {error}") from None
    with bounded_by_weights(file):
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

    The image shape and the number of classes, if any, are those of the networks; training requires data that
    match. The average has no ramp-up, and nothing is blurred at the start, as in the released code when
    training is resumed.
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
    """The spec without the facts that the recipe provides."""
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
