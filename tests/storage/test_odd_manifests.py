"""Manifests that name odd files: refused by an error of ours, and no file is read more than once."""

import json
import time

import pytest
import torch

from gancore.component.weights import read_weights, write_weights
from gancore.errors import CheckpointError
from gancore.storage.manifest import MANIFEST, check_manifest, write_manifest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.txt").write_bytes(bytes(10_000_000))
    write_manifest(tmp_path)
    return tmp_path


def listed(folder, names):
    table = json.loads((folder / MANIFEST).read_text())
    row = table["files"]["a.txt"]
    (folder / MANIFEST).write_text(json.dumps({**table, "files": dict.fromkeys(names, row)}))


@pytest.mark.parametrize(
    "name", ["a\0b", "\ud800", "", ".", "..", "/etc/passwd", "x" * 300, "x/" * 50_000, "\x1b[2J"]
)
def test_names_that_are_none(folder, name):
    listed(folder, [name])
    started = time.process_time()
    with pytest.raises(CheckpointError) as caught:
        check_manifest(folder)
    assert time.process_time() - started < 1 and len(str(caught.value)) < 3000


def test_one_file_under_many_names(folder):
    listed(folder, ["./" * i + "a.txt" for i in range(400)])
    started = time.process_time()
    with pytest.raises(CheckpointError, match="not as it was written"):
        check_manifest(folder)
    assert time.process_time() - started < 1


TWINS = [
    "[" * 100_000,
    '{"a":' * 3000 + "1" + "}" * 3000,
    "[1]",
    '{"a": ["b"]}',
    '{"a": "b"}',
    "9" * 5000,
    "null",
]


@pytest.mark.parametrize("twins", TWINS)
def test_further_names_of_tensors_that_no_file_of_ours_has(tmp_path, twins):
    write_weights(tmp_path / "x.safetensors", {"w": torch.ones(2)}, {"twins": twins})
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(tmp_path / "x.safetensors")


def test_shapes_that_no_tensor_has(tmp_path):
    header = {"w": {"dtype": "F32", "shape": [0, 2**63, 2**63], "data_offsets": [0, 0]}}
    text = json.dumps(header).encode()
    (tmp_path / "x.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(tmp_path / "x.safetensors")
