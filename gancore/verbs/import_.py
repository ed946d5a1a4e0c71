"""Published weights as a pipeline."""

import os
from pathlib import Path

import attrs

from gancore.pipeline import Pipeline
from gancore.progress import tell
from gancore.published.importing import import_file


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
    discriminator: str | os.PathLike[str] | None = None,
    noise: str | None = None,
) -> Imported:
    """Turns published weights into a pipeline and a recipe, without executing anything in the file.

    Args:
        file: published weights that an installed plugin reads, such as a network pickle of StyleGAN3.
        output: folder for the pipeline and the recipe; must not exist. `gancore.load` reads it.
        network: which generator of the file; default: the averaged one.
        discriminator: file of the discriminator, if it is another one.
        noise: the noise outside of training: random, constant or none for StyleGAN2, none or random for
            Pix2Pix; default: the first of them.

    Raises:
        UserError: the folder exists, or the file has no such network. CheckpointError: the file cannot be
        read, or the generator cannot be imported.
    """
    other = None if discriminator is None else Path(discriminator)
    options = {} if noise is None else {"noise": noise}
    tell(f"reading {file}")
    pipeline, why = import_file(Path(file), Path(output), network, discriminator=other, options=options)
    return Imported(Path(output), pipeline, why)
