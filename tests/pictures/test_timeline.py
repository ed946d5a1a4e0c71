import pytest
from PIL import Image

from gancore.pictures.timeline import timelines, whole_grids
from gancore.runs.folder import RunFolder


@pytest.fixture
def samples(tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    return folder


def put(samples, *names):
    for name in names:
        Image.new("L", (4, 4)).save(samples / name)


def test_sheets_come_in_the_order_of_images(samples):
    put(samples, "00000200.png", "100000000.png", "00000000.png", "notes.png")
    sheets, damaged = whole_grids(RunFolder(samples.parent))
    assert [sheet.images for sheet in sheets] == [0, 200, 100000000]
    assert damaged == []


def test_a_torn_sheet_is_told_apart(samples):
    put(samples, "00000000.png", "00000100.png", "00000200.png")
    whole = (samples / "00000100.png").read_bytes()
    (samples / "00000100.png").write_bytes(whole[:-5])
    (samples / "00000200.png").write_bytes(b"")
    sheets, damaged = whole_grids(RunFolder(samples.parent))
    assert [sheet.images for sheet in sheets] == [0]
    assert damaged == [
        f"samples/{name}.png is not a complete PNG, so it is omitted." for name in ("00000100", "00000200")
    ]


def test_a_folder_that_is_not_there_has_no_grids(tmp_path):
    assert whole_grids(RunFolder(tmp_path)) == ([], [])
    assert timelines([]) == {}


def test_many_sheets_are_thinned_evenly(samples):
    put(samples, *(f"{n:08d}.png" for n in range(0, 1010, 10)))
    sheets, _ = whole_grids(RunFolder(samples.parent))
    assert [sheet.images for sheet in timelines(sheets, at_most=5)[""]] == [0, 250, 500, 750, 1000]
    assert len(timelines(sheets)[""]) == 40


def test_each_pipeline_has_its_timeline(samples):
    put(samples, "00000000-forward.png", "00000100-forward.png", "00000100-back.png")
    lines = timelines(whole_grids(RunFolder(samples.parent))[0])
    assert {name: [sheet.images for sheet in sheets] for name, sheets in lines.items()} == {
        "back": [100],
        "forward": [0, 100],
    }
