"""What a translator is given of a picture: a half, or what is made of it as in training."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from translators import AnyNegative, Larger, Negative, between_images, know_translators

import gancore
from gancore.cli import run as command
from gancore.data import open_pairs
from gancore.data.png.writing import written_png
from gancore.data.rows import open_rows
from gancore.errors import UserError

RNG = np.random.default_rng(0)
GRAY, COLOR = (between_images(AnyNegative(image=(channels, 8, 8))) for channels in (1, 3))


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(RNG.integers(0, 256, (300, 24, 3), np.uint8)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def read(path):
    with path.open("rb") as file:
        rows = open_rows(file)
        return rows.take(rows.height)


@pytest.mark.parametrize(
    ("chosen", "how"),
    [
        (GRAY, "edges"),
        (GRAY, "gray"),
        (COLOR, "left"),
        (COLOR, "right"),
        (COLOR, "smaller-2"),
        (COLOR, "smaller-3"),
    ],
)
def test_sources_are_made_as_in_training(photo, tmp_path, monkeypatch, chosen, how):
    monkeypatch.setattr("gancore.data.strips.PIXELS", 24 * 37)  # so that they are made strip by strip
    done = gancore.translate(chosen, photo, source_from=how, output=tmp_path / "out")
    source = open_pairs(np.asarray(Image.open(photo))[None], how).source.rows(np.arange(1))["image"]
    expected = (-source[0]).add(1).mul(127.5).round().permute(1, 2, 0).numpy().astype(int)
    assert done.written == ("a.png",) and not done.notes
    made = read(tmp_path / "out" / "a.png").astype(int)
    assert made.shape == expected.shape and np.abs(made - expected).max() <= 1


def test_alpha_stays_beside_edges_and_is_made_smaller(tmp_path):
    pixels = RNG.integers(0, 256, (8, 8, 4), np.uint8)
    pixels[..., 3] = 200
    Image.fromarray(pixels).save(tmp_path / "a.png")
    gancore.translate(GRAY, tmp_path / "a.png", source_from="edges", output=tmp_path / "edges")
    gancore.translate(COLOR, tmp_path / "a.png", source_from="smaller-4", output=tmp_path / "smaller")
    for name, shape in {"edges": (8, 8, 2), "smaller": (2, 2, 4)}.items():
        made = read(tmp_path / name / "a.png")
        assert made.shape == shape and (made[..., -1] == 200).all()


def test_a_picture_made_smaller_comes_back_at_its_size(photo, tmp_path):
    gancore.upscale(
        between_images(Larger(image=(3, 16, 16))), photo, source_from="smaller-2", output=tmp_path / "out"
    )
    assert Image.open(tmp_path / "out" / "a.png").size == Image.open(photo).size


def test_one_size_is_asked_of_the_half(tmp_path):
    for name, width in {"a": 16, "b": 17, "c": 20}.items():
        Image.new("RGB", (width, 8)).save(tmp_path / f"{name}.png")
    fixed = between_images(Negative(image=(3, 8, 8)))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in "abc":
            archive.write(tmp_path / f"{name}.png", f"{name}.png")
    done = gancore.translate(fixed, tmp_path / "all.zip", source_from="left", output=tmp_path / "out")
    assert done.written == ("a.png",)
    assert "its width of 17 is odd" in dict(done.refused)["b.png"]
    assert "it is 8×10" in dict(done.refused)["c.png"]
    padded = gancore.translate(
        fixed, tmp_path / "c.png", source_from="smaller-2", fit="stretch", output=tmp_path / "fit"
    )
    assert padded.written == ("c.png",) and Image.open(tmp_path / "fit" / "c.png").size == (8, 8)


def test_colors_are_made_gray_with_their_depth(tmp_path):
    with written_png(tmp_path / "a.png", 3, 4, 3, 16) as file:
        file.rows(np.full((3, 4, 3), 30000, np.uint16))
    gancore.translate(GRAY, tmp_path / "a.png", output=tmp_path / "out")
    made = read(tmp_path / "out" / "a.png")
    assert made.shape == (3, 4, 1) and (made == 65535 - 30000).all()


def test_what_does_not_fit_is_refused(photo, tmp_path):
    for chosen, how, said in (
        (
            COLOR,
            "edges",
            "reads images of 3 channels, but edges makes 1; give the --source-from of its training",
        ),
        (COLOR, "sketch", "--source-from is 'sketch'; give one of left, right, gray, edges, smaller-2"),
    ):
        with pytest.raises(UserError, match=said):
            gancore.translate(chosen, photo, source_from=how, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    Image.new("RGB", (9, 8)).save(tmp_path / "b.png")
    done = gancore.translate(COLOR, tmp_path / "b.png", source_from="smaller-4", output=tmp_path / "out")
    assert dict(done.refused)["b.png"] == (
        "smaller-4 needs sides that are multiples of 4, but it is 8×9; crop or resize it"
    )


def test_a_run_that_learned_from_edges_says_so(photo, tmp_path, capsys):
    know_translators()
    run = tmp_path / "run"
    GRAY.save(run / "pipeline")
    (run / "recipe.toml").write_text("")
    (run / "run.toml").write_text('[data]\nsources = []\nsource_from = "edges"\n')
    words = ["translate", str(run / "pipeline"), str(photo), "--output"]
    assert command([*words, str(tmp_path / "plain")]) == 0
    said = "the sources of its training were edges; if these images are others, give --source-from edges"
    assert said in capsys.readouterr().err
    assert command([*words, str(tmp_path / "edges"), "--source-from", "edges"]) == 0
    assert said not in capsys.readouterr().err
    assert json.loads((tmp_path / "edges" / "translation.json").read_text())["source_from"] == "edges"
