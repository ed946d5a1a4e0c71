"""`gancore invert`."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from walks import said

from gancore.cli import run
from gancore.latent.codes import load_code, render_codes
from gancore.pictures.grid import to_pil
from gancore.pipeline import Pipeline


@pytest.fixture(scope="module")
def files(saved, tmp_path_factory):
    """Pictures that the pipelines can make, and some that they cannot."""
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("plain", "layered"):
        to_pil(Pipeline.load(saved / name).sample(1, seed=3))[0].save(folder / f"{name}.png")
    Image.new("RGB", (12, 8), "red").save(folder / "wide.png")
    Image.new("RGBA", (8, 8), (255, 0, 0, 128)).save(folder / "clear.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n")
    return folder


def test_codes_pictures_and_distances_are_written(saved, files, place, capsys):
    words = [
        str(files / "layered.png"),
        str(files / "clear.png"),
        "--steps",
        "40",
        "--tune",
        "--tune-steps",
        "5",
        "--output",
        "found",
    ]
    assert run(["invert", str(saved / "layered"), *words]) == 0
    out = capsys.readouterr().out
    assert (
        "layered  mean code" in out
        and "clear  tuned" in out
        and out.endswith("codes, reconstructions and distances in found\n")
    )
    names = {path.name for path in (place / "found").iterdir()}
    assert names == {
        "layered.npy",
        "layered.png",
        "clear.npy",
        "clear.png",
        "grid.png",
        "inversion.json",
        "tuned",
    }
    record = json.loads((place / "found/inversion.json").read_text())
    assert record["projection"]["steps"] == 40 and record["space"] == "w" and record["extractor"] == "emoji-1"
    ways = record["distances"]["layered"]
    assert set(ways) == {"mean code", "reconstruction", "tuned"} and set(ways["tuned"]) == {
        "MAE",
        "PSNR",
        "emoji-1",
    }
    assert ways["reconstruction"]["MAE"] < 0.5 * ways["mean code"]["MAE"]
    tuned = Pipeline.load(place / "found/tuned")
    code, _ = load_code(place / "found/layered.npy", tuned)
    assert code.shape == (1, 4, 6)
    expected = np.asarray(to_pil(render_codes(tuned, code))[0]).astype(int)
    assert np.abs(np.asarray(Image.open(place / "found/layered.png")).astype(int) - expected).max() <= 1


def test_a_pipeline_of_latents_alone_with_noise(saved, files, place):
    assert (
        run(
            [
                "invert",
                str(saved / "plain"),
                str(files / "plain.png"),
                "--steps",
                "60",
                "--extractor",
                "pixels",
            ]
        )
        == 0
    )
    ways = json.loads((place / "plain-inverted/inversion.json").read_text())["distances"]["plain"]
    assert ways["reconstruction"]["pixels-1"] < 0.5 * ways["mean code"]["pixels-1"]
    assert (place / "plain-inverted/plain-noise.safetensors").is_file()
    code, noise = load_code(place / "plain-inverted/plain.npy", Pipeline.load(saved / "plain"))
    assert code.shape == (1, 6) and noise[0].shape == (1, 3, 8, 8)


def test_an_image_of_another_size_is_fitted_when_asked(saved, files, place):
    same = ["invert", str(saved / "plain"), str(files / "wide.png"), "--steps", "1"]
    for fit in ("crop", "pad"):
        assert run([*same, "--fit", fit, "--output", fit]) == 0
    first = {fit: np.asarray(Image.open(place / fit / "grid.png"))[2:66, 2:66] for fit in ("crop", "pad")}
    assert (first["crop"] == (255, 0, 0)).all() and not (first["pad"] == (255, 0, 0)).all()


def test_files_of_one_name_are_kept_apart_from_each_other_and_from_the_sheet(saved, files, place):
    (place / "other").mkdir()
    for name in ("plain", "plain-1", "grid"):
        Image.open(files / "plain.png").save(place / f"other/{name}.png")
    others = [f"other/{name}.png" for name in ("plain", "plain-1", "grid")]
    assert (
        run(
            [
                "invert",
                str(saved / "plain"),
                str(files / "plain.png"),
                *others,
                "--steps",
                "1",
                "--output",
                "found",
            ]
        )
        == 0
    )
    names = ("plain-0", "plain-2", "plain-1", "grid-0")
    assert {path.stem for path in (place / "found").glob("*.npy")} == set(names)
    assert set(json.loads((place / "found/inversion.json").read_text())["distances"]) == set(names)
    assert all(Image.open(place / f"found/{name}.png").size == (8, 8) for name in names)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["plain", "wide.png"],
            "wide.png is 8×12, the generator makes 8×8; give --fit crop, pad or stretch to resize it",
        ),
        (["plain", "broken.png"], "broken.png cannot be read (not a picture of a known format"),
        (
            ["plain", "nowhere.png"],
            "nowhere.png cannot be read (No such file or directory); give image files",
        ),
        (["plain", "plain.png", "--fit", "bend"], "'bend'"),
        (["plain", "plain.png", "--space", "w"], "so this pipeline has no w besides z; choose z"),
        (["labeled", "plain.png", "--space", "w+"], "so w+ is w; choose w"),
        (["plain", "plain.png", "--label", "0"], "reads no labels"),
        (
            ["plain", "plain.png", "--extractor", "fashion"],
            "extractor/fashion reads images with 1 channel, these have 3",
        ),
        (["plain", "plain.png", "--extractor", "vgg"], "there is no extractor 'vgg'"),
        (
            ["plain", "plain.png", "--pixels", "inf"],
            "pixels of a projection must be a finite number, at least 0; got inf",
        ),
        (["plain", "plain.png", "--pixels", "nan"], "Invalid value for '--pixels'"),
        (["plain", "plain.png", "--steps", "0"], "Invalid value for '--steps'"),
        (["plain", "plain.png", "--output", "."], ". already exists; give a new folder"),
        (["translator", "plain.png"], "translates images, so it has no latent space"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_get_one_clear_error_and_leave_nothing(saved, files, place, capsys, words, text):
    assert run(["invert", str(saved / words[0]), str(files / words[1]), *words[2:]]) == 2
    shown = said(capsys)
    assert text in shown and "Traceback" not in shown and not list(place.iterdir())


def test_gray_and_color_are_brought_to_the_generators_channels(saved, place):
    Image.new("L", (8, 8), 255).save("white.png")
    assert run(["invert", str(saved / "plain"), "white.png", "--steps", "1", "--output", "found"]) == 0
    assert (np.asarray(Image.open("found/grid.png"))[2:66, 2:66] == 255).all()
    assert torch.isfinite(load_code(place / "found/white.npy", Pipeline.load(saved / "plain"))[0]).all()


def test_the_pictures_of_a_folder_are_projected(saved, files, place):
    (place / "some").mkdir()
    for name in ("plain", "layered"):
        shutil.copy(files / f"{name}.png", place / "some")
    (place / "some" / "notes.txt").write_text("mine")
    assert run(["invert", str(saved / "layered"), "some", "--steps", "2", "--output", "found"]) == 0
    assert {"plain.npy", "layered.npy"} <= {path.name for path in (place / "found").iterdir()}
