"""The verb `import` in Python."""

import os
from pathlib import Path

import attrs

from gancore import Pipeline
from gancore.errors import UserError
from gancore_stylegan.published.fine_tuning import import_file

NOISE = ("random", "constant", "none")


@attrs.frozen
class Imported:
    """What came of a published file: the folder, its pipeline, and why there is no recipe beside it, empty
    where there is one.
    """

    path: Path
    pipeline: Pipeline
    no_recipe: str = ""

    def __fspath__(self) -> str:
        return str(self.path)


def import_(
    file: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str],
    network: str | None = None,
    noise: str = "random",
) -> Imported:
    """Turns published weights into a pipeline and a recipe, without running anything from their file.

    Args:
        file: network pickle of StyleGAN2-ADA or StyleGAN3 (NVIDIA), or .pt of stylegan2-pytorch.
        output: folder for pipeline and recipe; must not exist. `gancore.load` reads it.
        network: which generator of the file; left out: the averaged one.
        noise: StyleGAN2's noise outside of training: random, constant or none.

    Raises:
        UserError: the folder exists, or the file has no such network. CheckpointError: the file cannot be
        read, or the generator not be imported.
    """
    if noise not in NOISE:
        raise UserError(f"--noise is random, constant or none; got {noise!r}")
    pipeline, why = import_file(Path(file), Path(output), network, noise=noise)
    return Imported(Path(output), pipeline, why)
