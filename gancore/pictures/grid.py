"""Image tensors as pictures: one by one, or many on a grid."""

import math
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Literal

import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from gancore.errors import DataError, UserError
from gancore.pictures.captions import Captions, captioned
from gancore.pictures.store import store

Background = Literal["checker", "white"]

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
GAP = 2
SQUARE = 8
LIGHT, DARK = 255, 214


def to_uint8(image: Tensor) -> Tensor:
    """Map floats in [-1, 1] to bytes, any shape; values outside are clamped and NaN becomes mid-gray.

    Bytes read as ``byte / 127.5 - 1`` come back exactly.

    Raises:
        DataError: the tensor is not of a floating type.
    """
    if not image.is_floating_point():
        raise DataError(
            f"a picture is made from floats in [-1, 1]; got {image.dtype}; "
            "divide bytes by 127.5 and subtract 1."
        )
    value = image.detach().to("cpu", torch.float32).nan_to_num(nan=0.0).clamp(-1, 1)
    return ((value + 1) * 127.5).round().to(torch.uint8)


def to_pil(images: Tensor) -> list[Image.Image]:
    """Images (N, C, H, W) in [-1, 1] as pictures at their original size.

    C = 1 is gray, 3 RGB, 4 RGBA; with any other C a picture shows its channels side by side in gray, (H, W *
    C).

    Raises:
        DataError: the tensor is not (N, C, H, W) or not of a floating type.
    """
    if images.ndim != 4 or 0 in images.shape:
        raise DataError(
            f"images must be (N, C, H, W) with no empty axis; got {tuple(images.shape)}; "
            "a single image needs images[None]."
        )
    count, channels, height, width = images.shape
    rows = to_uint8(images)
    if channels not in MODES:
        rows = rows.permute(0, 2, 1, 3).reshape(count, 1, height, channels * width)
    mode = MODES[rows.shape[1]]
    size = (rows.shape[3], height)
    return [Image.frombytes(mode, size, row.permute(1, 2, 0).contiguous().numpy().tobytes()) for row in rows]


def to_grid(
    images: Tensor,
    *,
    columns: int | None = None,
    tile: int = 64,
    background: Background = "checker",
    captions: Captions | None = None,
) -> Image.Image:
    """Images (N, C, H, W) in [-1, 1] on one grid, row by row, about square unless ``columns`` is given.

    Small images are enlarged by whole numbers until their longer side has at least ``tile`` pixels;
    transparent ones are composited over ``background``. Captions stand to the right and below.

    Raises:
        DataError: the tensor is not (N, C, H, W) or not of a floating type.
        UserError: fewer than one column.
    """
    if columns is not None and columns < 1:
        raise UserError(f"a grid needs at least 1 column; got columns={columns}.")
    tiles = [_opaque(_enlarged(picture, tile), background) for picture in to_pil(images)]
    made = _grid(tiles, columns)
    return made if captions is None else captioned(made, captions, tiles[0].size, GAP)


def save_grid(
    images: Tensor,
    path: Path | str,
    *,
    columns: int | None = None,
    tile: int = 64,
    background: Background = "checker",
    captions: Captions | None = None,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Write the ``to_grid`` of these images to ``path``, whole or not at all, with ``texts`` as ``save``."""
    made = to_grid(images, columns=columns, tile=tile, background=background, captions=captions)
    save(made, Path(path), texts)


def save(picture: Image.Image, path: Path, texts: Mapping[str, str] | None = None) -> None:
    """Write a picture atomically, in the format given by the file suffix; a PNG with texts by name, where
    they are not empty.

    Raises:
        UserError: the suffix is unknown, or the format does not support this picture (JPEG has no
        transparency).
        RunError: the file could not be written.
    """
    file_format, content = format_of(path), BytesIO()
    try:
        picture.save(content, file_format, **_chunks(texts or {}, file_format))
    except (OSError, KeyError) as error:
        raise UserError(
            f"{path.name}: {file_format} cannot hold {picture.mode} pictures; give a name that ends in .png."
        ) from error
    store(path, content.getvalue())


def _chunks(texts: Mapping[str, str], file_format: str) -> dict[str, PngInfo]:
    """The texts as an option of `Image.save`; only PNG has a place for them."""
    if file_format != "PNG" or not any(texts.values()):
        return {}
    chunks = PngInfo()
    for name, text in texts.items():
        if text:
            chunks.add_itxt(name, text)
    return {"pnginfo": chunks}


def format_of(path: Path) -> str:
    """The picture format of a file suffix. Raises UserError if it is unknown or read-only."""
    file_format = Image.registered_extensions().get(path.suffix.lower())
    if file_format not in Image.SAVE:
        raise UserError(
            f"no picture format is called {path.suffix!r}, as in {path.name}; "
            "give a name that ends in .png, .jpg or .webp."
        )
    return str(file_format)


def _enlarged(picture: Image.Image, tile: int) -> Image.Image:
    factor = max(1, math.ceil(tile / max(picture.size)))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def _opaque(picture: Image.Image, background: Background) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    ground = _checker(picture.size) if background == "checker" else Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def _checker(size: tuple[int, int]) -> Image.Image:
    cells = Image.new("L", (math.ceil(size[0] / SQUARE), math.ceil(size[1] / SQUARE)))
    cells.putdata([DARK if (x + y) % 2 else LIGHT for y in range(cells.height) for x in range(cells.width)])
    whole = cells.resize((cells.width * SQUARE, cells.height * SQUARE), Image.Resampling.NEAREST)
    return whole.crop((0, 0, *size)).convert("RGBA")


def _grid(tiles: Sequence[Image.Image], columns: int | None) -> Image.Image:
    width, height = tiles[0].size
    columns = min(columns or math.ceil(math.sqrt(len(tiles) * height / width)), len(tiles))
    rows = math.ceil(len(tiles) / columns)
    mode = tiles[0].mode
    grid = Image.new(mode, (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), "white")
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        grid.paste(tile, (GAP + column * (width + GAP), GAP + row * (height + GAP)))
    return grid
