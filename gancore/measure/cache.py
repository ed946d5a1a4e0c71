"""A cache of the features of data sets, keyed by everything they are computed from."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import attrs
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gancore.component.interfaces import Extractor
from gancore.component.references import weights_hash
from gancore.component.specs import spec
from gancore.data import ImageOptions
from gancore.storage.files import whole_file, write_text
from gancore.storage.inside import inside, read_utf8

Kept = TypeVar("Kept")


@attrs.frozen
class _Form(Generic[Kept]):
    """How something is kept in a file."""

    suffix: str
    read: Callable[[Path], Kept | None]
    write: Callable[[Path, Kept], None]


def cached(key: str, extractor: Extractor, compute: Callable[[], Tensor]) -> Tensor:
    """The features of the images named `key`, from the cache if present; an empty key is never cached.

    Raises:
        RunError: something in the cache is a link.
    """
    return _kept("features", FEATURES, key, extractor, compute)


def cached_values(
    key: str, extractor: Extractor, compute: Callable[[], dict[str, float]]
) -> dict[str, float]:
    """Numbers by name that were computed from features, as `cached` keeps the features themselves.

    Raises:
        RunError: something in the cache is a link.
    """
    return _kept("anchors", VALUES, key, extractor, compute)


def _kept(
    place: str, form: "_Form[Kept]", key: str, extractor: Extractor, compute: Callable[[], Kept]
) -> Kept:
    """What a file in a folder of the cache holds, or what is computed and written there."""
    folder = ImageOptions().cache_folder()
    if not key or folder is None:
        return compute()
    path = inside(folder, place, f"{digest(key, extractor)}.{form.suffix}")
    if (found := form.read(path)) is not None:
        return found
    made = compute()
    with suppress(OSError):  # a cache that cannot be written costs time, not the score
        path.parent.mkdir(parents=True, exist_ok=True)
        form.write(path, made)
    return made


def digest(key: str, extractor: Extractor) -> str:
    """A hash of the images' key, the extractor's options and its weights."""
    total = hashlib.sha256(
        json.dumps([key, extractor.title, spec(extractor, complete=True)], sort_keys=True).encode()
    )
    total.update(weights_hash(extractor).encode())
    return total.hexdigest()


def _read(path: Path) -> Tensor | None:
    try:
        return load_file(path)["features"]
    except (OSError, SafetensorError, KeyError):
        return None


def _read_values(path: Path) -> dict[str, float] | None:
    try:
        table = json.loads(read_utf8(path))
        return {str(name): float(value) for name, value in table.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return None


def _write(path: Path, features: Tensor) -> None:
    with whole_file(path) as aside:
        save_file({"features": features.contiguous()}, aside)


def _write_values(path: Path, values: dict[str, float]) -> None:
    write_text(path, json.dumps(values))


FEATURES = _Form("safetensors", _read, _write)
VALUES = _Form("json", _read_values, _write_values)
