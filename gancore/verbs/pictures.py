"""Images that a verb made."""

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
    """Images that a verb made; a notebook shows them on a grid.

    Attributes:
        images: `(N, C, H, W)` float32 in [-1, 1].
        columns: how many stand in a row of the grid; None for about as many as rows.
        seed: what they were drawn from, where they were drawn.
        names: what single files are called, where the images come from files.
        path: where they were written, if they were.
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
        """Each image as a picture."""
        return grid.to_pil(self.images)

    def to_grid(self) -> Image.Image:
        """All images on one picture."""
        return grid.to_grid(self.images, columns=self.columns)

    def save(self, output: Path | str) -> Path:
        """Writes a grid (`FILE.png`), an array (`FILE.npy`), or a folder with a file each; whole or not at
        all.

        Raises:
            UserError: the place cannot hold that.
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
    """Raises UserError where `Images.save` could not write, before any work."""
    check = check_file if output.suffix == ".npy" else check_picture if output.suffix else check_new_folder
    check(output)


def written(images: Images, output: Path | str | None) -> Images:
    """The images, written where an output is given."""
    return images if output is None else attrs.evolve(images, path=images.save(output))
