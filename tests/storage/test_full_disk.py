"""A full disk says how many bytes are needed, whatever was being written."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from gancore import Pipeline
from gancore.component.weights import write_weights
from gancore.data import open_data
from gancore.data.cache import Writer
from gancore.errors import RunError
from gancore.pictures.store import store
from gancore.storage.files import whole_file, whole_folder, write_text

GOLDEN = Path(__file__).parents[1] / "golden" / "runs" / "dcgan-labels" / "pipeline"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
SAID = r"No space left on device \(%s MB are needed, [\d.e+]+ MB are free\)"


def full(*_, **__):
    raise FULL


def test_the_bytes_are_said_where_they_are_known(tmp_path):
    with pytest.raises(OSError, match=SAID % "3.2"), whole_file(tmp_path / "a", size=3_200_000):
        full()
    with pytest.raises(OSError, match=SAID % "more than 0.5"), whole_folder(tmp_path / "b") as aside:
        (aside / "first").write_bytes(bytes(500_000))
        full()
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_as_they_are(tmp_path):
    error = OSError(errno.EACCES, "no")
    with pytest.raises(OSError) as caught, whole_file(tmp_path / "a", size=1):
        raise error
    assert str(caught.value) == str(error)


def test_texts_and_pictures_say_it(tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match=SAID % "1e-05"):
        write_text(tmp_path / "a.txt", "ten bytes.")
    with pytest.raises(RunError, match=r"No space left on device; .* Free some space \(2 MB are needed\)"):
        store(tmp_path / "a.png", bytes(2_000_000))


def test_pipelines_say_it(tmp_path, monkeypatch):
    pipeline = Pipeline.load(GOLDEN)
    monkeypatch.setattr("gancore.pipeline.saving.write_weights", full)
    with pytest.raises(RunError, match=r"cannot write the pipeline .*" + SAID % r"[\d.]+"):
        pipeline.save(tmp_path / "pipeline")


def test_weights_keep_the_number_of_the_error(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("gancore.component.weights.save_file", broken)
    with pytest.raises(OSError) as caught:
        write_weights(tmp_path / "w.safetensors", {"a": torch.zeros(2)})
    assert caught.value.errno == errno.ENOSPC


def test_images_that_the_cache_has_no_room_for_are_held_in_memory_and_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(Writer, "append", full)
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    data = open_data(images, size=4, cache=str(tmp_path / "cache"))
    assert len(data) == 4 and "held in memory, since the cache was not written" in data.description
    assert "0.000192 MB are needed" in data.description
