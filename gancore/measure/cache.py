"""A cache of the features of data sets, keyed by everything they are computed from."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gancore.component.interfaces import Extractor
from gancore.component.references import weights_hash
from gancore.component.specs import spec
from gancore.data import ImageOptions
from gancore.storage.files import whole_file, write_text
from gancore.storage.inside import inside, read_utf8


def cached(key: str, extractor: Extractor, compute: Callable[[], Tensor]) -> Tensor:
    """The features of the images named `key`, from the cache if present; an empty key is never cached.

    Raises:
        RunError: something in the cache is a link.
    """
    folder = ImageOptions().cache_folder()
    if not key or folder is None:
        return compute()
    path = inside(folder, "features", f"{digest(key, extractor)}.safetensors")
    if (found := _read(path)) is not None:
        return found
    features = compute()
    with suppress(OSError):  # a cache that cannot be written costs time, not the score
        _write(path, features)
    return features


def cached_values(
    key: str, extractor: Extractor, compute: Callable[[], dict[str, float]]
) -> dict[str, float]:
    """Numbers by name that were computed from features, as `cached` keeps the features themselves.

    Raises:
        RunError: something in the cache is a link.
    """
    folder = ImageOptions().cache_folder()
    if not key or folder is None:
        return compute()
    path = inside(folder, "anchors", f"{digest(key, extractor)}.json")
    if (found := _read_values(path)) is not None:
        return found
    values = compute()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(values))
    return values


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
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as aside:
        save_file({"features": features.contiguous()}, aside)
