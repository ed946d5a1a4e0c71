"""Images made by a command."""

from io import BytesIO
from pathlib import Path

import attrs
import numpy as np
from PIL import Image
from torch import Tensor

from gancore.pictures import grid
from gancore.storage.files import whole_file, whole_folder
from gancore.verbs.outputs import check_file, check_new_folder, check_picture


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Images:
    """Images made by a command; a notebook shows them on a grid.

    Attributes:
        images: `(N, C, H, W)` float32 in [-1, 1].
        columns: images per row of the grid; None for a roughly square grid.
        seed: the seed they were drawn with, if they were drawn.
        names: file names, if the images come from files.
        path: where they were written, if at all.
    """

    images: Tensor
    columns: int | None = None
    seed: int | None = None
    names: tuple[str, ...] = ()
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.images.shape[1:]))
        seed = "" if self.seed is None else f" of seed {self.seed}"
        return f"<{len(self)} images {shape}{seed}{f' in {self.path}' if self.path else ''}>"

    def to_pil(self) -> list[Image.Image]:
        """One PIL image per image."""
        return grid.to_pil(self.images)

    def to_grid(self) -> Image.Image:
        """All images on one grid."""
        return grid.to_grid(self.images, columns=self.columns)

    def save(self, output: Path | str) -> Path:
        """Writes a grid (`FILE.png`), an array (`FILE.npy`), or a folder with one file per image; whole
        or not at all.

        Raises:
            UserError: the output cannot be written.
        """
        output = Path(output)
        check_images(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        if output.suffix == ".npy":
            with whole_file(output) as aside, aside.open("wb") as file:
                np.save(file, self.images.numpy())
        elif output.suffix:
            grid.save(self.to_grid(), output)
        else:
            self._save_each(output)
        return output

    def _save_each(self, folder: Path) -> None:
        with whole_folder(folder) as aside:
            for i, picture in enumerate(self.to_pil()):
                grid.save(picture, aside / f"{self.names[i] if self.names else f'{i:06d}'}.png")

    def _repr_png_(self) -> bytes:
        content = BytesIO()
        self.to_grid().save(content, "PNG")
        return content.getvalue()


def check_images(output: Path) -> None:
    """Raises UserError if `Images.save` could not write there; called before any work."""
    check = check_file if output.suffix == ".npy" else check_picture if output.suffix else check_new_folder
    check(output)


def written(images: Images, output: Path | str | None) -> Images:
    """The images, saved if an output is given."""
    return images if output is None else attrs.evolve(images, path=images.save(output))
