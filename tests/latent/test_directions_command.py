"""`gancore directions` and `gancore edit`."""

import numpy as np
import pytest
import torch
from PIL import Image
from walks import said, shown_at_once

from gancore.cli import run
from gancore.console.showing import Lines
from gancore.latent.codes import codes_of, render_codes, save_code
from gancore.latent.direction_file import DirectionSet
from gancore.latent.editing import edited_code, edited_latent
from gancore.pictures.grid import to_grid
from gancore.pipeline import Pipeline

FOUND = ["--directions", "found.safetensors"]


def same(file, images, columns):
    expected = np.asarray(to_grid(images, columns=columns)).astype(int)
    made = np.asarray(Image.open(file)).astype(int)  # with captions beside and below
    return np.abs(made[: len(expected), : expected.shape[1]] - expected).max() <= 1


def test_a_file_and_a_sheet_are_written(saved, place, capsys):
    assert (
        run(["directions", str(saved / "layered"), "--count", "2", "--output", "new/found.safetensors"]) == 0
    )
    assert capsys.readouterr().out == "2 directions in w in new/found.safetensors; grid in new/found.png\n"
    pipeline, found = Pipeline.load(saved / "layered"), DirectionSet.load(place / "new/found.safetensors")
    rows = [
        edited_latent(pipeline, found, index, range(-3, 4), *pipeline.draw(1, seed=0)) for index in (0, 1)
    ]
    assert same("new/found.png", render_codes(pipeline, torch.cat(rows)), 7)


def test_linear_directions_of_labels_and_of_a_classifier(saved, place, capsys):
    pipeline = Pipeline.load(saved / "plain")
    latent, _ = pipeline.draw(200, seed=4)
    np.save("labels.npy", (latent[:, 1] > 0).numpy())
    np.save("scores.npy", latent[:, [3, 5]].numpy())
    words = ["directions", str(saved / "plain"), "--method", "linear", "--seed", "4"]
    assert run([*words, "--labels", "labels.npy", "--output", "one.safetensors"]) == 0
    assert "direction 1  balanced accuracy 0.9" in capsys.readouterr().out
    assert run([*words, "--labels", "scores.npy", "--output", "two.safetensors"]) == 0
    assert run([*words, "--output", "three.safetensors"]) == 0
    one, two, three = (DirectionSet.load(place / f"{name}.safetensors") for name in ("one", "two", "three"))
    assert one.vectors[0].argmax() == 1 and two.vectors.argmax(1).tolist() == [3, 5]
    assert len(three) >= 1 and all(int(name) >= 0 for name in three.names)


def test_strips_start_from_seeds_and_codes(saved, place, capsys):
    assert run(["directions", str(saved / "layered"), "--count", "3", "--output", "found.safetensors"]) == 0
    pipeline, found = Pipeline.load(saved / "layered"), DirectionSet.load(place / "found.safetensors")
    pivot = codes_of(pipeline, pipeline.draw(1, seed=9)[0])
    save_code(place / "pivot.npy", pivot)
    words = [
        "--directions",
        "found.safetensors",
        "--index",
        "1",
        "--from",
        "-2",
        "--to",
        "1",
        "--steps",
        "4",
        "--layers",
        "1-2",
    ]
    capsys.readouterr()
    assert (
        run(
            [
                "edit",
                str(saved / "layered"),
                *words,
                "--seeds",
                "5,6",
                "--code",
                "pivot.npy",
                "--output",
                "strips.png",
            ]
        )
        == 0
    )
    assert capsys.readouterr().out == "3 strips of 4 images in strips.png\n"
    amounts = [-2.0, -1.0, 0.0, 1.0]
    rows = [
        edited_latent(pipeline, found, 1, amounts, *pipeline.draw(1, seed=seed), layers=[1, 2])
        for seed in (5, 6)
    ]
    rows.append(edited_code(pipeline, found, 1, amounts, pivot, layers=[1, 2]))
    assert same("strips.png", render_codes(pipeline, torch.cat(rows)), 4)
    assert (
        run(
            [
                "edit",
                str(saved / "layered"),
                *words[:2],
                "--code",
                "pivot.npy",
                "--index",
                "0-2",
                "--steps",
                "2",
            ]
        )
        == 0
    )
    assert capsys.readouterr().out == "3 strips of 2 images in layered-edit.png\n"


def test_a_terminal_shows_what_goes_on(saved, place, capsys, monkeypatch):
    words = ["directions", str(saved / "layered"), "--count", "1", "--output", "found.safetensors"]
    monkeypatch.setattr(Lines, "patience", 600)
    assert run(words) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown_at_once(monkeypatch)
    assert run(words) == 0
    shown = said(capsys)
    assert "ganspace directions of generator/walk-layers" in shown and "images" in shown
    assert run(["edit", str(saved / "layered"), *FOUND]) == 0
    assert "moving images" in said(capsys)
    assert run(["mix", str(saved / "layered")]) == 0
    assert "images" in said(capsys)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (200, 0)], ids=str)
@pytest.mark.parametrize("name", ["plain", "layered"])
def test_empty_answers_are_refused(saved, place, capsys, name, shape):
    np.save("empty.npy", np.zeros(shape))
    assert run(["directions", str(saved / name), "--method", "linear", "--labels", "empty.npy"]) == 2
    assert (
        f"gancore: answers {shape} contain nothing to learn from" in said(capsys)
        and len(list(place.iterdir())) == 1
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["directions", "plain", "--method", "ica"],
            "--method must be one of sefa, ganspace, linear; got 'ica'",
        ),
        (
            ["directions", "plain", "--output", "found.png"],
            "directions are saved as .safetensors files; got found.png",
        ),
        (["directions", "plain", "--method", "sefa"], "does not say what it multiplies its code by"),
        (["directions", "plain", "--space", "w"], "has no w besides z"),
        (["directions", "plain", "--activations", "conv"], "has no module 'conv'"),
        (["directions", "plain", "--method", "linear", "--labels", "no.npy"], "no.npy cannot be read"),
        (
            ["directions", "plain", "--method", "linear", "--extractor", "pixels"],
            "extractor/pixels is not a classifier",
        ),
        (["directions", "layered", "--space", "w+"], "the spaces here are z, w; got 'w+'"),
        (
            ["directions", "layered", "--method", "linear", "--space", "w+"],
            "the spaces here are z, w; got 'w+'",
        ),
        (
            ["directions", "plain", "--labels", "no.npy"],
            "--labels applies to --method linear, not to ganspace; omit it",
        ),
        (["directions", "plain", "--layers", "99"], "--layers applies to --method sefa, not to ganspace"),
        (
            ["directions", "plain", "--method", "sefa", "--space", "z"],
            "--space applies to --method ganspace or linear, not to sefa",
        ),
        (
            ["directions", "plain", "--method", "sefa", "--activations", "x"],
            "--activations applies to --method ganspace, not to sefa",
        ),
        (
            ["directions", "plain", "--method", "sefa", "--extractor", "x"],
            "--extractor applies to --method linear, not to sefa",
        ),
        (
            ["directions", "plain", "--method", "linear", "--count", "2"],
            "--count applies to --method sefa or ganspace, not to linear",
        ),
        (
            ["directions", "plain", "--method", "linear", "--labels", "a", "--extractor", "b"],
            "use one of the two",
        ),
        (["directions", "translator"], "translates images, so it has no latent space"),
        (["edit", "plain", "--directions", "no.safetensors"], "no.safetensors does not hold directions"),
        (["edit", "plain", *FOUND, "--from", "nan"], "Invalid value for '--from'"),
        (["edit", "plain", *FOUND, "--to", "inf"], "Invalid value for '--to'"),
        (["edit", "plain", *FOUND, "--to", "1e9"], "Invalid value for '--to'"),
        (
            ["edit", "plain", *FOUND, "--code", "a.npy", "--label", "4"],
            "--label applies to the images of --seeds, not to a --code; omit it",
        ),
        (
            ["edit", "plain", *FOUND, "--code", "a.npy", "--truncation", "0"],
            "--truncation applies to the images of --seeds, not to a --code",
        ),
        (["edit", "plain"], "Missing option '--directions'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_get_one_clear_error_and_leave_nothing(saved, place, capsys, words, text):
    assert run([words[0], str(saved / words[1]), *words[2:]]) == 2
    shown = said(capsys)
    assert text in shown and "Traceback" not in shown and not list(place.iterdir())
