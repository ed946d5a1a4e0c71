"""Numbers and arrays that are not what their names say."""

import io
import json

import numpy as np
import pytest

from gancore.data import open_data
from gancore.data.labels import as_labels, json_labels
from gancore.errors import DataError


@pytest.mark.parametrize("value", [1e39, -1e300, float("inf"), float("nan")])
def test_labels_beyond_float32_are_refused(value):
    with pytest.raises(DataError, match="beyond float32"):
        as_labels(np.array([[0.0, value], [0.0, 1.0]]), 2, "the file")
    assert np.isfinite(as_labels(np.array([[0.0, 3e38]]), 1, "the file").values).all()


@pytest.mark.parametrize(
    "label", ["1" + "0" * 400, "[1" + "0" * 400 + ", 0.5]", "1e999", "[1e999]", "9" * 5000]
)
def test_labels_beyond_any_number_are_refused(label):
    text = json.dumps({"labels": [["a.png", 0]]}).replace("0", label, 1)
    with pytest.raises(DataError):
        json_labels(text.encode(), ["a.png"], "dataset.json")


def test_an_npz_by_the_name_of_an_npy_is_named(tmp_path):
    inside = io.BytesIO()
    np.savez(inside, a=np.zeros((2, 8, 8, 3), np.uint8))
    (tmp_path / "x.npy").write_bytes(inside.getvalue())
    with pytest.raises(DataError, match=r"\.npz of several arrays"):
        open_data(tmp_path / "x.npy", cache="off")
