"""`gancore mix`, and truncation of some layers."""

import numpy as np
import pytest
import torch
from PIL import Image
from walks import said

from gancore.cli import run
from gancore.errors import UserError
from gancore.latent.codes import codes_of, render_codes
from gancore.latent.finding import ganspace
from gancore.latent.mixing import BANDS, band_of
from gancore.measure.sets import PipelineSamples
from gancore.pictures.grid import to_grid
from gancore.pipeline import Pipeline


def test_a_sheet_holds_sources_destinations_and_each_pair(saved, place, capsys):
    words = [
        "--sources",
        "1,2,3",
        "--destinations",
        "4-5",
        "--layers",
        "0,2",
        "--truncation",
        "0.5",
        "--output",
        "new/mix.png",
    ]
    assert run(["mix", str(saved / "layered"), *words]) == 0
    assert capsys.readouterr().out == "2 × 3 images for 1 choice of layers in new/mix.png\n"
    pipeline = Pipeline.load(saved / "layered")
    codes = torch.cat(
        [codes_of(pipeline, pipeline.draw(1, seed=seed)[0], truncation=0.5) for seed in (1, 2, 3, 4, 5)]
    )
    expected = [torch.ones(1, 3, 8, 8), render_codes(pipeline, codes[:3])]
    for destination in codes[3:]:
        mixed = destination.expand(3, -1, -1).clone()
        mixed[:, [0, 2]] = codes[:3, [0, 2]]
        expected += [render_codes(pipeline, destination[None]), render_codes(pipeline, mixed)]
    sheet = np.asarray(Image.open(place / "new/mix.png")).astype(int)
    grid = np.asarray(to_grid(torch.cat(expected), columns=4)).astype(int)
    assert np.abs(sheet[: len(grid), : grid.shape[1]] - grid).max() <= 1


def test_without_layers_each_third_is_mixed_in_turn(saved, place):
    for name, words in {"all": [], **{band: ["--layers", band] for band in BANDS}}.items():
        assert (
            run(
                [
                    "mix",
                    str(saved / "layered"),
                    "--sources",
                    "1,2",
                    "--destinations",
                    "3",
                    *words,
                    "--output",
                    f"{name}.png",
                ]
            )
            == 0
        )
    images = {"all": 4, **dict.fromkeys(BANDS, 2)}  # the rest are captions
    sheets = {
        name: np.asarray(Image.open(f"{name}.png"))[: 66 * rows + 2, : 66 * 3 + 2]
        for name, rows in images.items()
    }
    rows = [sheets[band][66:] for band in BANDS]
    assert np.array_equal(
        sheets["all"], np.concatenate([sheets["coarse"][:66], rows[0][:66], rows[1][:66], rows[2]])
    )


@pytest.mark.parametrize("total", [2, 3, 4, 8, 14, 18])
def test_thirds_cover_all_layers_once(total):
    assert [layer for name in BANDS for layer in band_of(name, total)] == list(range(total))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["plain"], "generator/small reads one code (6,) for the whole image, so there are no layers to mix"),
        (["translator"], "translates images, so it has no latent space; give another run"),
        (
            ["layered", "--layers", "thick"],
            "--layers takes coarse, middle, fine, or numbers such as 0-3; got 'thick'",
        ),
        (["layered", "--layers", "2-4"], "layer 4 is out of range; give numbers from 0 to 3"),
        (["layered", "--sources", "x"], "--sources takes non-negative integers, e.g. 1,2,3 or 4-9; got 'x'"),
        (["layered", "--label", "1"], "reads no labels, but a label was given; omit it"),
        (["layered", "--output", "mix.avi"], "no picture format is called '.avi'"),
    ],
)
def test_wrong_words_get_one_clear_error_and_leave_nothing(saved, place, capsys, words, text):
    assert run(["mix", str(saved / words[0]), *words[1:]]) == 2
    assert text in said(capsys) and not list(place.iterdir())


def test_truncation_of_the_first_layers(saved, place):
    pipeline = Pipeline.load(saved / "layered")
    same = ["sample", str(saved / "layered"), "--count", "3", "--seed", "5", "--truncation", "0.2"]
    assert run([*same, "--truncation-layers", "1", "--output", "some.npy"]) == 0
    latent, _ = pipeline.draw(3, seed=5)
    free, moved = codes_of(pipeline, latent), codes_of(pipeline, latent, truncation=0.2)
    code = torch.cat([moved[:, :1], free[:, 1:]], 1)
    assert torch.equal(code, codes_of(pipeline, latent, truncation=0.2, truncation_layers=1))
    assert np.allclose(np.load("some.npy"), render_codes(pipeline, code), atol=1e-6)
    for layers, expected in ((0, free), (4, moved)):
        assert run([*same, "--truncation-layers", str(layers), "--output", f"{layers}.npy"]) == 0
        assert np.allclose(np.load(f"{layers}.npy"), render_codes(pipeline, expected), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "layers", "text"),
    [
        ("plain", "2", "conditioner/identity keeps no mean to truncate toward; omit truncation"),
        ("layered", "5", "generator/walk-layers has 4 layers; truncate 0 to 4 of them; got 5"),
        ("layered", "-1", "Invalid value for '--truncation-layers'"),
    ],
)
def test_truncation_of_layers_that_are_not_there(saved, place, capsys, name, layers, text):
    assert run(["sample", str(saved / name), "--truncation", "0.5", "--truncation-layers", layers]) == 2
    assert text in said(capsys) and not list(place.iterdir())


VERBS = (
    ["sample"],
    ["mix"],
    ["interpolate"],
    ["evaluate"],
    ["export"],
    ["edit", "--directions", "found.safetensors"],
)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
@pytest.mark.parametrize("amount", ["1e40", "nan", "inf", "-101"])
def test_every_verb_refuses_a_truncation_that_is_none(saved, place, capsys, verb, amount):
    found(saved / "layered", place / "found.safetensors")
    before = sorted(place.iterdir())
    assert run([verb[0], str(saved / "layered"), *verb[1:], "--truncation", amount]) == 2
    assert (
        "truncation must be between -100 and 100, 1 for none; got" in said(capsys)
        and sorted(place.iterdir()) == before
    )


@pytest.mark.parametrize("verb", [VERBS[0], *VERBS[2:]], ids=lambda verb: verb[0])
def test_every_verb_refuses_a_truncation_that_would_do_nothing(saved, place, capsys, verb):
    found(saved / "plain", place / "found.safetensors")
    before = sorted(place.iterdir())
    assert run([verb[0], str(saved / "plain"), *verb[1:], "--truncation", "0.5"]) == 2
    assert (
        "keeps no mean to truncate toward; omit truncation" in said(capsys)
        and sorted(place.iterdir()) == before
    )


def found(run, path):
    ganspace(Pipeline.load(run), 1).save(path)


def test_a_name_is_refused_where_there_is_one_pipeline(saved, place, capsys):
    assert run(["sample", str(saved / "plain"), "--pipeline", "backward"]) == 2
    assert "is the only pipeline there, and has no name; omit --pipeline; got 'backward'" in said(
        capsys
    ) and not list(place.iterdir())


def test_layers_without_a_truncation_are_refused(saved, place, capsys):
    assert run(["sample", str(saved / "layered"), "--truncation-layers", "2"]) == 2
    assert "give --truncation too" in said(capsys) and not list(place.iterdir())


def test_samples_say_no_truncation_that_was_not(saved):
    pipeline = Pipeline.load(saved / "plain")
    assert PipelineSamples(pipeline, 2).facts["truncation"] == 1.0
    for refused in (
        lambda: PipelineSamples(pipeline, 2, truncation=0.5),
        lambda: pipeline.chunks(pipeline.draw(2, seed=0)[0], truncation=0.5),
    ):
        with pytest.raises(UserError, match="keeps no mean"):
            refused()
