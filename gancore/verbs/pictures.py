"""Images made by a command."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import attrs
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gancore.pictures import grid
from gancore.pictures.captions import Captions
from gancore.pictures.store import store
from gancore.pipeline import Pipeline
from gancore.runs.identity import hash_around
from gancore.storage.files import whole_file, whole_folder
from gancore.verbs.command import COMMAND
from gancore.verbs.loading import Run
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
        written: how many were written without being held here; `images` is then empty.
        note: what was done to images that did not fit, for a message.
        captions: what is written on the grid.
        texts: what a PNG file of the grid says beside: command, seed and run.
    """

    images: Tensor
    columns: int | None = None
    seed: int | None = None
    names: tuple[str, ...] = ()
    path: Path | None = None
    written: int = 0
    note: str = ""
    captions: Captions | None = None
    texts: Mapping[str, str] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return self.written or len(self.images)

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.images.shape[1:]))
        seed = "" if self.seed is None else f" of seed {self.seed}"
        return f"<{len(self)} images {shape}{seed}{f' in {self.path}' if self.path else ''}>"

    def to_pil(self) -> list[Image.Image]:
        """One PIL image per image."""
        return grid.to_pil(self.images)

    def to_grid(self) -> Image.Image:
        """All images on one grid."""
        return grid.to_grid(self.images, columns=self.columns, captions=self.captions)

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
            content = BytesIO()  # numpy's own errors of a full disk have no number
            np.save(content, self.images.numpy())
            store(output, content.getvalue())
        elif output.suffix:
            grid.save(self.to_grid(), output, self.texts)
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


def write_each(batches: Iterable[Tensor], names: Sequence[str], output: Path) -> Images:
    """Writes images as they are made, to a `.npy` file or a folder with one file per image, whole or not at
    all; the result does not hold them.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    write = _write_array if output.suffix == ".npy" else _write_files
    shape = write(batches, names, output)
    return Images(images=torch.empty(0, *shape), names=tuple(names), path=output, written=len(names))


def _write_files(batches: Iterable[Tensor], names: Sequence[str], output: Path) -> tuple[int, ...]:
    rest = iter(names)
    shape: tuple[int, ...] = ()
    with whole_folder(output) as aside:
        for batch in batches:
            shape = batch.shape[1:]
            for picture in grid.to_pil(batch):
                grid.save(picture, aside / f"{next(rest)}.png")
    return tuple(shape)


def _write_array(batches: Iterable[Tensor], names: Sequence[str], output: Path) -> tuple[int, ...]:
    shape: tuple[int, ...] = ()
    with whole_file(output) as aside, aside.open("wb") as file:
        for batch in batches:
            if not shape:
                shape = tuple(batch.shape[1:])
                header = {"descr": "<f4", "fortran_order": False, "shape": (len(names), *shape)}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(batch.numpy().astype("<f4").tobytes())
    return shape


def check_images(output: Path) -> None:
    """Raises UserError if `Images.save` could not write there; called before any work."""
    check = check_file if output.suffix == ".npy" else check_picture if output.suffix else check_new_folder
    check(output)


def origin(run: Run, seed: object = "") -> dict[str, str]:
    """What a PNG file says of where it comes from: the command, the seeds, and the run."""
    known = "" if isinstance(run, Pipeline) else hash_around(Path(run))
    return {"Command": COMMAND.get(), "Seed": str(seed), "Run": known}


def written(images: Images, output: Path | str | None) -> Images:
    """The images, saved if an output is given."""
    return images if output is None else attrs.evolve(images, path=images.save(output))
