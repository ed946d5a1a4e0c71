import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GANCORE_CACHE", str(folder))
    return folder


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """picture(seed, height=8, width=8, mode="RGB", format="PNG", **save) → the bytes of a picture file."""

    def make(
        seed: int = 0, height: int = 8, width: int = 8, mode: str = "RGB", format: str = "PNG", **save: Any
    ) -> bytes:
        rng = np.random.default_rng(seed)
        if mode == "I;16":
            image = Image.fromarray(rng.integers(0, 65536, (height, width), dtype=np.uint16))
        else:
            bands = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "P": 1, "1": 1}[mode]
            values = rng.integers(0, 256, (height, width, bands), dtype=np.uint8)
            if mode in ("P", "1"):
                image = Image.fromarray(values[..., 0]).convert(mode)
            elif mode == "CMYK":
                image = Image.fromarray(values).convert("RGB").convert("CMYK")
            else:
                image = Image.fromarray(values[..., 0] if bands == 1 else values)
        out = io.BytesIO()
        image.save(out, format=format, **save)
        return out.getvalue()

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """folder({name: content}) → a folder that holds them."""

    def make(files: dict[str, bytes], name: str = "photos") -> Path:
        for file, content in files.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / name

    return make


@pytest.fixture
def archive(tmp_path: Path) -> Callable[..., Path]:
    """archive({name: content}, table) → a zip that holds them, and the table as dataset.json."""

    def make(files: dict[str, bytes], table: Any = None, name: str = "photos.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as target:
            for file, content in files.items():
                target.writestr(file, content)
            if table is not None:
                target.writestr(
                    "dataset.json", table if isinstance(table, (str, bytes)) else json.dumps(table)
                )
        return path

    return make
