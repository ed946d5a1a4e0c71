"""Converts the channels, alpha, depth and size of one image."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gancore.data.decode import too_long
from gancore.data.options import ImageOptions, Size
from gancore.data.source import Array, Raw
from gancore.data.strips import by_strips
from gancore.errors import DataError

LUMA = np.array([19595, 38470, 7471])  # ITU-R 601 in units of 1/65536, like Pillow's gray
PILLOW_MODES = {(1, False): "L", (3, False): "RGB", (2, True): "LA", (4, True): "RGBA"}


def fit_image(raw: Raw, options: ImageOptions, name: str) -> Array:
    """Pixels (C, H, W) according to the options.

    Transparent images are composited before they are resized, kept alpha is resized premultiplied.

    Raises:
        DataError: the image cannot be converted to those channels, or is to be resized and has a side of more
            than a million.
    """
    raw = _with_depth(_with_channels(raw, options, name), options.bits)
    if options.size is not None and options.size != raw.pixels.shape[:2]:
        if said := too_long(*raw.pixels.shape[:2]):
            raise DataError(f"{name} cannot be resized: {said}")
        raw = _with_size(raw, options.size, options)
    return np.ascontiguousarray(raw.pixels.transpose(2, 0, 1))


def as_image(raw: Raw, options: ImageOptions, name: str) -> Tensor:
    """An image of 8 bits as a network reads it: `(C, H, W)` in [-1, 1]. Raises as `fit_image`."""
    return torch.from_numpy(fit_image(raw, options, name).astype("float32") / 127.5 - 1)


def _top(pixels: Array) -> int:
    return int(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else 1


def _with_channels(raw: Raw, options: ImageOptions, name: str) -> Raw:
    if raw.alpha and not options.keeps_alpha:
        raw = _composited(raw, white=options.alpha == "white", name=name)
    count, wanted = raw.pixels.shape[2], options.channels
    if wanted is None or wanted == count:
        return raw
    if not (wanted <= 4 and count <= 4):
        raise DataError(
            f"{name} has {count} channels; channels={wanted} was asked; "
            "only 1 to 4 channels can be turned into each other"
        )
    if raw.alpha and wanted in (1, 3):
        raise DataError(
            f"{name} has alpha, which channels={wanted} has no room for; "
            f"use alpha='white' or 'black', or channels={wanted + 1}"
        )
    color, alpha = (raw.pixels[..., :-1], raw.pixels[..., -1:]) if raw.alpha else (raw.pixels, None)
    color = _as_rgb(color) if wanted > 2 else _as_gray(color)
    if wanted in (1, 3):
        return Raw(color, False, raw.low)
    alpha = np.full_like(color[..., :1], _top(color)) if alpha is None else alpha
    return Raw(np.concatenate([color, alpha], axis=2), True, raw.low)


def _composited(raw: Raw, white: bool, name: str) -> Raw:
    if raw.pixels.dtype.kind == "f":
        raise DataError(
            f"{name} is a float image with alpha; only whole numbers are composited; "
            "do it first, or keep alpha"
        )
    most = _top(raw.pixels)
    ground = most if white else 0

    def rows(start: int, end: int) -> Array:
        wide = raw.pixels[start:end].astype(np.uint32)  # 65535² fits
        color, alpha = wide[..., :-1], wide[..., -1:]
        mixed = (color * alpha + np.uint32(ground) * (np.uint32(most) - alpha) + most // 2) // most
        return np.asarray(mixed, dtype=raw.pixels.dtype)

    return Raw(by_strips(rows, *raw.pixels.shape[:2]), False, raw.low)


def _as_rgb(color: Array) -> Array:
    return color if color.shape[2] == 3 else np.repeat(color[..., :1], 3, axis=2)


def _as_gray(color: Array) -> Array:
    if color.shape[2] == 1:
        return color
    if color.dtype.kind == "f":
        return np.asarray((color.astype(np.float64) @ LUMA / 65536)[..., None], dtype=color.dtype)

    def rows(start: int, end: int) -> Array:
        mixed = (color[start:end].astype(np.int64) @ LUMA + 32768) >> 16
        return np.asarray(mixed[..., None], dtype=color.dtype)

    return by_strips(rows, *color.shape[:2])


def _with_depth(raw: Raw, bits: int | None) -> Raw:
    pixels = raw.pixels
    if pixels.dtype == np.uint8 and bits == 16:
        return Raw(pixels.astype(np.uint16) * np.uint16(257), raw.alpha, raw.low)
    if pixels.dtype == np.uint16 and bits == 8:

        def rows(start: int, end: int) -> Array:
            return ((pixels[start:end].astype(np.uint32) + 128) // 257).astype(np.uint8)

        return Raw(by_strips(rows, *pixels.shape[:2]), raw.alpha, raw.low)
    return raw


def _with_size(raw: Raw, size: Size, options: ImageOptions) -> Raw:
    height, width = raw.pixels.shape[:2]
    if options.fit == "crop":
        top_edge, left, crop_height, crop_width = center(height, width, size)
        cropped = raw.pixels[top_edge : top_edge + crop_height, left : left + crop_width]
        return Raw(resize(cropped, size, raw.alpha), raw.alpha, raw.low)
    if options.fit == "random":
        raise DataError("random crops are for training; give --fit crop, pad or stretch")
    if options.fit == "stretch":
        return Raw(resize(raw.pixels, size, raw.alpha), raw.alpha, raw.low)
    return _padded(raw, size, options)


def center(height: int, width: int, size: Size) -> tuple[int, int, int, int]:
    """The largest centered rectangle with the requested aspect ratio: top, left, height, width."""
    if width * size[0] > height * size[1]:
        crop_height, crop_width = height, max(1, round(height * size[1] / size[0]))
    else:
        crop_height, crop_width = max(1, round(width * size[0] / size[1])), width
    return (height - crop_height) // 2, (width - crop_width) // 2, crop_height, crop_width


def _padded(raw: Raw, size: Size, options: ImageOptions) -> Raw:
    height, width, channels = raw.pixels.shape
    scale = min(size[0] / height, size[1] / width)
    inner = min(size[0], max(1, round(height * scale))), min(size[1], max(1, round(width * scale)))
    small = resize(raw.pixels, inner, raw.alpha)
    ground: Any = _top(small)
    if options.alpha == "black" or raw.alpha:
        if raw.low is None:
            raise DataError(
                "padding float images with black needs their range; give values='unit' or values='signed'"
            )
        ground = raw.low
    canvas = np.full((*size, channels), ground, dtype=small.dtype)
    y, x = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[y : y + inner[0], x : x + inner[1]] = small
    return Raw(canvas, raw.alpha, raw.low)


def resize(pixels: Array, size: Size, alpha: bool) -> Array:
    """Lanczos with antialiasing; RGBA and gray with alpha are premultiplied by Pillow."""
    if pixels.shape[:2] == size:
        return pixels
    mode = PILLOW_MODES.get((pixels.shape[2], alpha))
    if pixels.dtype == np.uint8 and mode is not None:
        image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if mode == "L" else pixels))
        return np.asarray(_lanczos(image, size)).reshape(*size, -1)
    return np.stack([_resize_plane(pixels[..., channel], size) for channel in range(pixels.shape[2])], axis=2)


def _resize_plane(plane: Array, size: Size) -> Array:
    values: Array = np.asarray(_lanczos(Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32)), size))
    if plane.dtype.kind == "u":
        values = np.clip(np.rint(values), 0, _top(plane))
        return values.astype(plane.dtype)
    # Lanczos overshoots at edges; clip to the image's own range.
    values = np.clip(values, plane.min(), plane.max())
    return values.astype(plane.dtype)


def _lanczos(image: Image.Image, size: Size) -> Image.Image:
    return image.resize((size[1], size[0]), Image.Resampling.LANCZOS)
