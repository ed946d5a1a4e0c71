"""Labels in an array beside the images, with the names of its rows."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gancore.data import open_data
from gancore.errors import DataError

Make = Callable[..., Any]
VECTORS = np.random.default_rng(0).normal(size=(3, 300)).astype(np.float32)


def npy(array: Any = VECTORS) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def pictures(picture: Make) -> dict[str, bytes]:
    return {f"set/{name}.png": picture(seed) for seed, name in enumerate("abc")}


@pytest.mark.parametrize("names", ["c.png\na.png\nb.png\n", "c\r\na\r\nb"])
def test_rows_are_found_by_name(names: str, picture: Make, folder: Make, archive: Make) -> None:
    files = {**pictures(picture), "set/labels.npy": npy(), "set/labels.txt": names.encode()}
    for source in (folder(files), archive(files)):
        data = open_data(source)
        assert data.facts() == {"image": (3, 8, 8), "classes": 300, "label_shape": (300,)}
        assert (data.rows(np.arange(3))["label"].numpy() == VECTORS[[1, 2, 0]]).all()
        assert "labels of 300 numbers" in data.description and "other files" not in data.description


def test_without_names_rows_are_in_the_order_of_the_images(picture: Make, folder: Make) -> None:
    data = open_data(folder({**pictures(picture), "labels.npy": npy()}))
    assert (data.rows(np.arange(3))["label"].numpy() == VECTORS).all()


def test_a_file_elsewhere_with_names_beside_it(picture: Make, folder: Make, tmp_path: Path) -> None:
    (tmp_path / "texts.npy").write_bytes(npy())
    (tmp_path / "texts.txt").write_text("set/c\nset/b\nset/a\n")
    data = open_data(folder(pictures(picture)), labels=tmp_path / "texts.npy")
    assert (data.rows(np.arange(3))["label"].numpy() == VECTORS[::-1]).all()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"labels.npy": npy(), "labels.txt": b"a\nb"}, "labels.txt names 2 images, but .* has 3 rows; give"),
        (
            {"labels.npy": npy(), "labels.txt": b"a\nb\nx"},
            r"1 have no label \(c.png\), 1 labels no image",
        ),
        ({"labels.npy": npy(), "labels.txt": b"a\nb\nb"}, "1 are there twice; give every image one label"),
        ({"labels.npy": npy(VECTORS[:2])}, "has 2 labels for 3 images"),
        ({"labels.npy": b"no"}, "labels.npy cannot be read .*; expected a whole .npy file of numbers"),
        ({"labels.npy": npy(), "labels.txt": b"\xff\xfe\xfa"}, "labels.txt is not text in UTF-8"),
        ({"labels.npy": npy(VECTORS * np.nan)}, "labels that are NaN or infinite"),
    ],
)
def test_what_does_not_match_is_refused(
    files: dict[str, bytes], said: str, picture: Make, folder: Make
) -> None:
    path = folder({**{f"{name}.png": picture(seed) for seed, name in enumerate("abc")}, **files})
    with pytest.raises(DataError, match=said):
        open_data(path)
    assert open_data(path, labels="none").classes == 0
