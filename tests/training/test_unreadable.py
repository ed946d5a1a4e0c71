"""The images that were left out of a training are listed in its run."""

import numpy as np
import pytest
from PIL import Image
from runs import OFTEN, game
from small import know_small_parts

from gancore.data import ImageOptions, open_data
from gancore.errors import DataError
from gancore.runs import RunFolder
from gancore.runs.sources import Sources
from gancore.training.start import resume, train


@pytest.fixture
def photos(tmp_path):
    """Eight images, and thirty files that are none."""
    know_small_parts()
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(8):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / f"good{number}.png")
    for number in range(29):
        (folder / f"bad{number:02}.png").write_bytes(b"no picture")
    (folder / "tab\there\x1b[2J.png").write_bytes(b"")
    return folder


def test_a_run_lists_all_of_them_escaped(photos, tmp_path):
    sources = Sources(data=(str(photos),), options=ImageOptions(unreadable="skip"))
    run = RunFolder(train(game(), sources, output=tmp_path / "run", **{**OFTEN, "images": 8}).folder)
    names = [name for name, _ in run.unreadable]
    assert names == [*(f"bad{number:02}.png" for number in range(29)), r"tab\there\x1b[2J.png"]
    assert run.unreadable[-1][1] == "the file is empty"
    assert "\x1b" not in run.unreadable_file.read_text()

    (photos / "bad00.png").unlink()
    resume(run.path, images=16)
    assert [name for name, _ in run.unreadable] == names[1:]


def test_a_run_without_any_has_no_list(photos, tmp_path):
    for bad in [*photos.glob("bad*"), *photos.glob("tab*")]:
        bad.unlink()
    training = train(game(), Sources(data=(str(photos),)), output=tmp_path / "run", **{**OFTEN, "images": 8})
    assert RunFolder(training.folder).unreadable == []
    assert not RunFolder(training.folder).unreadable_file.exists()


def test_an_error_names_all_of_them(photos):
    with pytest.raises(DataError, match="30 of 38 images cannot be read") as caught:
        open_data(photos)
    assert all(f"bad{number:02}.png" in str(caught.value) for number in range(29))
