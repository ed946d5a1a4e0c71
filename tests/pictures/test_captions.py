"""What grids say of themselves: captions beside and below, and texts inside PNG files."""

import numpy as np
import pytest
import torch
import walks
from PIL import Image
from runs import begin, sources
from small import know_small_parts

import gancore
from gancore.cli import run
from gancore.component.randomness import fold
from gancore.pictures.captions import LINE, WIDEST, Captions, captioned
from gancore.pictures.grid import GAP, to_grid
from gancore.runs.folder import RunFolder
from gancore.runs.identity import run_hash
from gancore.training import sample_grids


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    know_small_parts()
    folder = tmp_path_factory.mktemp("captions")
    begin(sources(folder), folder / "run")
    return folder / "run"


def inked(pixels):
    """Whether anything is written on white."""
    return bool((np.asarray(pixels) < 128).any())


@pytest.mark.parametrize("channels", [1, 3])
def test_captions_stand_right_and_below_and_images_stay_where_they_are(channels):
    images = torch.ones(6, channels, 64, 64)
    plain = to_grid(images, columns=3)
    named = Captions(["first", ""], ["a", "", "c"], "what it is")
    made = np.asarray(to_grid(images, columns=3, captions=named))
    height, width = np.asarray(plain).shape[:2]
    assert np.array_equal(made[:height, :width], np.asarray(plain)) and len(made) == height + 2 * LINE
    right, below = made[:, width:], made[height:]
    assert inked(right[:66]) and not inked(right[68:134])
    assert [inked(below[:LINE, x : x + 66]) for x in (0, 66, 132)] == [True, False, True]
    assert inked(below[LINE:])


def test_rows_name_their_first_and_last_image():
    seeds = Captions(images=list("12345"), word="seed")
    assert seeds.of_rows(2) == ["seed 1 to 2", "seed 3 to 4", "seed 5"]
    assert Captions(rows=["x"]).of_rows(2) == ["x"]


def test_captions_of_any_text_are_one_line_that_is_not_too_long():
    grid = to_grid(torch.zeros(1, 3, 8, 8))
    long = captioned(grid, Captions(["x" * 5000], ["y" * 500], "z\n" * 500), (64, 64), GAP)
    assert long.width <= grid.width + WIDEST + 20 and long.height == grid.height + 2 * LINE
    captioned(grid, Captions(["猫 → σ\x1b[2J"]), (64, 64), GAP)
    assert captioned(grid, Captions(), (64, 64), GAP).tobytes() == grid.tobytes()


def texts(path):
    with Image.open(path) as picture:
        picture.load()
        return {name: str(text) for name, text in picture.text.items()}


def test_grids_say_which_command_seed_and_run_they_are_of(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    identity = run_hash(RunFolder(trained))
    assert len(identity) == 12
    last = RunFolder(trained).samples[-1].path
    assert texts(last) == {"Seed": "0", "Run": identity}, "it was trained from Python"
    words = ["sample", str(trained), "--seeds", "3,5", "--output", "my grid.png"]
    assert run(words) == 0
    command = f"gancore sample {trained} --seeds 3,5 --output 'my grid.png'"
    assert texts("my grid.png") == {"Command": command, "Seed": "3,5", "Run": identity}
    assert run(["sample", str(RunFolder(trained).checkpoints[0]), "--output", "c.png", "--seed", "7"]) == 0
    assert texts("c.png")["Seed"] == "7" and texts("c.png")["Run"] == identity
    gancore.sample(gancore.load(trained), output="python.png")
    assert texts("python.png") == {"Seed": "0"}
    gancore.sample(trained, count=2, output="grid.jpg")
    assert Image.open("grid.jpg").size[0] > 0


def test_the_command_of_a_training_leaves_out_where_it_was_written(trained, tmp_path):
    from gancore.runs.again import begun_by

    fake = RunFolder(tmp_path)
    (tmp_path / "run.toml").write_text(
        "command = ['gancore', 'train', 'gan', '--output', '/home/anna/x', '--seed', '1', '--output=y']\n"
    )
    assert begun_by(fake) == "gancore train gan --seed 1" and begun_by(RunFolder(trained)) == ""


def test_the_same_run_has_the_same_hash_wherever_it_lies_and_another_has_another(trained, tmp_path):
    begin(sources(tmp_path), tmp_path / "again")
    begin(sources(tmp_path), tmp_path / "other", seed=1)
    same, other = (run_hash(RunFolder(tmp_path / name)) for name in ("again", "other"))
    assert same == run_hash(RunFolder(trained)) != other and run_hash(RunFolder(tmp_path)) == ""


def captions_of(images):
    return images.captions.of_rows(images.columns or len(images)), list(images.captions.columns)


def test_verbs_name_seeds_layers_and_directions():
    walks.know_walk_parts()
    pipeline = walks.layered()
    found = gancore.directions(pipeline, count=2)
    edited = gancore.edit(pipeline, directions=found, index="0-1", seeds=4, steps=3)
    assert captions_of(edited) == (
        ["direction 0 · seed 4", "direction 1 · seed 4"],
        ["-3 sd", "+0 sd", "+3 sd"],
    )
    mixed = gancore.mix(pipeline, sources="1,2", destinations=3, layers="coarse")
    assert captions_of(mixed) == (["", "layers coarse · seed 3"], ["", "seed 1", "seed 2"])
    walk = gancore.interpolate(pipeline, seeds="1,2,3", loop=True).legs()
    assert captions_of(walk)[0] == ["seed 1 to seed 2", "seed 2 to seed 3", "seed 3 to seed 1"]
    cells = gancore.interpolate(pipeline, count=2, grid="2x1").legs()
    assert captions_of(cells)[0] == ["0 to 1", "2 to 3"] and "seed 0" in cells.captions.title
    several = gancore.sample(pipeline, seeds="8,9", truncation="0.5,1")
    assert captions_of(several) == (["truncation 0.5", "truncation 1"], ["seed 8", "seed 9"])
    assert gancore.sample(pipeline, count=4, seed=6).captions.title == "seed 6"


@pytest.mark.parametrize("names", [("cat", "dog", "owl"), ()])
def test_sample_grids_of_a_run_name_the_classes_of_their_rows(names, tmp_path, monkeypatch):
    walks.know_walk_parts()
    written = {}
    monkeypatch.setattr(
        sample_grids, "save_grid", lambda images, path, **told: written.update(told, images=images)
    )
    pipeline = walks.labeled(names=names)
    sample_grids.write_grids({"": pipeline}, {}, RunFolder(tmp_path), 16, seed=5)
    rows = written["captions"].of_rows(8)
    assert rows == (list(names) or ["class 0", "class 1", "class 2"])
    label = torch.arange(3).repeat_interleave(8)
    assert written["images"].equal(pipeline.sample(24, seed=fold(5, "sheet"), label=label))
