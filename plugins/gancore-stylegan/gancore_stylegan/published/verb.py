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
    """The result of an import: the folder, its pipeline, and the reason why there is no recipe, empty if
    there is one.
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
    """Turns published weights into a pipeline and a recipe, without executing anything in the file.

    Args:
        file: network pickle of StyleGAN2-ADA or StyleGAN3 (NVIDIA), or .pt file of stylegan2-pytorch.
        output: folder for the pipeline and the recipe; must not exist. `gancore.load` reads it.
        network: which generator of the file; default: the averaged one.
        noise: StyleGAN2's noise outside of training: random, constant or none.

    Raises:
        UserError: the folder exists, or the file has no such network. CheckpointError: the file cannot be
        read, or the generator cannot be imported.
    """
    if noise not in NOISE:
        raise UserError(f"--noise is random, constant or none; got {noise!r}")
    pipeline, why = import_file(Path(file), Path(output), network, noise=noise)
    return Imported(Path(output), pipeline, why)
