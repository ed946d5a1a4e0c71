"""`gancore interpolate`."""

import numpy as np
import pytest
import torch
from PIL import Image

from gancore.cli import run
from gancore.pictures.grid import to_grid
from gancore.pipeline import Pipeline


def frames(path):
    with Image.open(path) as file:
        found = []
        for i in range(file.n_frames):
            file.seek(i)
            found.append(np.asarray(file.convert("RGB")))
    return np.stack(found)


def enlarged(images):
    """As the frames of one image show it."""
    return (
        ((images.permute(0, 2, 3, 1) + 1) * 127.5)
        .round()
        .numpy()
        .astype(np.uint8)
        .repeat(32, 1)
        .repeat(32, 2)
    )


def test_a_walk_leads_through_the_images_of_its_seeds(saved, place, capsys):
    assert (
        run(
            [
                "interpolate",
                str(saved / "plain"),
                "--seeds",
                "4,1-2",
                "--frames",
                "5",
                "--output",
                "walk.apng",
            ]
        )
        == 0
    )
    assert capsys.readouterr().out == "5 frames, 0.2 s, in walk.apng\n"
    pipeline = Pipeline.load(saved / "plain")
    keys = torch.cat([pipeline.render(*pipeline.draw(1, seed=seed)) for seed in (4, 1, 2)])
    assert np.abs(frames("walk.apng")[::2].astype(int) - enlarged(keys)).max() <= 1


def test_a_count_of_latents_is_that_of_sample(saved, place):
    words = ["--count", "3", "--seed", "7", "--frames", "3", "--space", "w", "--truncation", "0.5"]
    assert run(["interpolate", str(saved / "layered"), *words, "--output", "walk.webp"]) == 0
    pipeline = Pipeline.load(saved / "layered")
    latent, _ = pipeline.draw(3, seed=7)
    assert (
        np.abs(frames("walk.webp").astype(int) - enlarged(pipeline.render(latent, truncation=0.5))).max() <= 1
    )


def test_a_sheet_has_a_row_for_each_leg(saved, place, capsys):
    assert (
        run(
            ["interpolate", str(saved / "plain"), "--seeds", "1,2,3", "--frames", "8", "--output", "walk.png"]
        )
        == 0
    )
    assert "2 legs of 4 images on a grid in walk.png" in capsys.readouterr().out
    pipeline = Pipeline.load(saved / "plain")
    one, two, three = (
        np.asarray(to_grid(pipeline.render(*pipeline.draw(1, seed=seed)))).astype(int) for seed in (1, 2, 3)
    )
    sheet = np.asarray(Image.open("walk.png")).astype(int)
    side, step = 68, 66
    assert sheet.shape[0] > 2 * step + 2 and sheet.shape[1] > 4 * step + 2, "captions stand beside and below"
    for row, column, key in ((0, 0, one), (0, 3, two), (1, 0, two), (1, 3, three)):
        assert (
            abs(sheet[row * step : row * step + side, column * step : column * step + side] - key).max() <= 1
        )


def test_a_loop_comes_back_and_spaces_and_kinds_differ(saved, place):
    same = [str(saved / "layered"), "--seeds", "1,2", "--frames", "8"]
    seen = {}
    for name, words in {
        "open": [],
        "loop": ["--loop"],
        "linear": ["--kind", "linear"],
        "w": ["--space", "w"],
        "ease": ["--ease"],
        "truncated": ["--truncation", "0.5"],
    }.items():
        assert run(["interpolate", *same, *words, "--output", f"{name}.apng"]) == 0
        seen[name] = frames(f"{name}.apng")
    assert np.array_equal(seen["loop"][1], seen["loop"][7]) and np.array_equal(
        seen["open"][0], seen["loop"][0]
    )
    assert len({value.tobytes() for value in seen.values()}) == 6
    assert np.array_equal(seen["open"][[0, -1]], seen["w"][[0, -1]])


def test_a_grid_shows_walks_beside_each_other(saved, place):
    same = [str(saved / "plain"), "--frames", "6"]
    assert run(["interpolate", *same, "--seeds", "1-4", "--grid", "2x1", "--output", "both.apng"]) == 0
    for name, seeds in (("left", "1,2"), ("right", "3,4")):
        assert run(["interpolate", *same, "--seeds", seeds, "--output", f"{name}.apng"]) == 0
    both = frames("both.apng")
    # each of two walks side by side is enlarged half as much
    assert both.shape == (6, 128, 256, 3)
    assert np.abs(both[:, ::16, :128:16].astype(int) - frames("left.apng")[:, ::32, ::32]).max() <= 1
    assert np.abs(both[:, ::16, 128::16].astype(int) - frames("right.apng")[:, ::32, ::32]).max() <= 1


def test_a_class_is_kept_or_mixed(saved, place):
    same = [str(saved / "labeled"), "--seeds", "1,2", "--frames", "3", "--label"]
    for label in ("0", "2"):
        assert run(["interpolate", *same, label, "--output", f"{label}.apng"]) == 0
    assert not np.array_equal(frames("0.apng"), frames("2.apng"))


def test_without_an_output_it_is_a_gif_named_after_the_run(saved, place):
    assert run(["interpolate", str(saved / "plain"), "--count", "2"]) == 0
    assert len(frames("plain-walk.gif")) == 24


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["translator"], 2, "translates images, so it has no latent space to walk in"),
        (["nowhere"], 1, "nowhere is missing"),
        (["plain", "--seeds", "1"], 2, "a walk leads from one latent to another: give at least 2; got 1"),
        (
            ["plain", "--seeds", "1,2,3", "--grid", "2x1"],
            2,
            "give at least 2, as many for each of 2 walks; got 3",
        ),
        (
            ["plain", "--seeds", "one,two"],
            2,
            "--seeds takes non-negative integers, e.g. 1,2,3 or 4-9; got 'one,two'",
        ),
        (["plain", "--seeds", "5-1"], 2, "--seeds takes non-negative integers"),
        (["plain", "--seeds", ""], 2, "--seeds takes non-negative integers"),
        (["plain", "--count", "1"], 2, "Invalid value for '--count'"),
        (["plain", "--frames", "1"], 2, "Invalid value for '--frames'"),
        (["plain", "--fps", "0"], 2, "Invalid value for '--fps'"),
        (["plain", "--grid", "4"], 2, "--grid must be columns x rows, e.g. 4x2, at most 1024 walks; got '4'"),
        (["plain", "--grid", "0x2"], 2, "--grid must be columns x rows"),
        (["plain", "--kind", "cubic"], 2, "a walk must be spherical or linear; got 'cubic'"),
        (["plain", "--space", "p"], 2, "the spaces here are z, w; got 'p'"),
        (
            ["plain", "--space", "w"],
            2,
            "passes latents through unchanged, so this pipeline has no w besides z; choose z",
        ),
        (["plain", "--label", "1"], 2, "reads no labels, but a label was given; omit it"),
        (["labeled", "--label", "7"], 2, "label 7 is out of range; give a number from 0 to 2"),
        (["plain", "--output", "walk.avi"], 2, "walk.avi ends in '.avi'; give a name that ends in .gif"),
        (["plain", "--output", "old"], 2, "old already exists; give a new folder for the frames"),
        (["plain", "--output", "old/file/walk.gif"], 1, "could not write old/file/walk.gif"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_get_one_clear_error_and_leave_nothing(saved, place, capsys, words, code, text):
    (place / "old").mkdir()
    (place / "old" / "file").write_text("mine")
    before = sorted(place.rglob("*"))
    assert run(["interpolate", str(saved / words[0]), *words[1:]]) == code
    captured = capsys.readouterr()
    said = " ".join(captured.err.replace("│", " ").split())
    assert text in said and "Traceback" not in said and captured.out == ""
    assert sorted(place.rglob("*")) == before
