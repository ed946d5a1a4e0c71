"""Codes of images: the verb, the files it writes, neighbors and clusters."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from small import SmallGenerator
from torch import nn

import gancore
from gancore import Encoder, Pipeline, part
from gancore.cli import run as command
from gancore.component.discovery import host
from gancore.errors import UserError
from gancore.standard.conditioners import Identity

COLORS = {"red": (250, 20, 20), "blue": (20, 20, 250), "green": (20, 250, 20)}


@part("mean-color")
class MeanColor(Encoder):
    """The mean of each channel."""

    def build(self):
        self.shift = nn.Parameter(torch.zeros(3))

    def forward(self, image, label=None):
        return image.mean((2, 3)) + self.shift


@part("bright-or-not")
class Indices(MeanColor):
    """Whether each channel is bright: indices."""

    def forward(self, image, label=None):
        return (super().forward(image) > 0).long()


@pytest.fixture(scope="module", autouse=True)
def offered():
    if not any(o.distribution == "encoders" for o in host().registry.registrations()):
        host().registry.add("encoders", [MeanColor, Indices, SmallGenerator])


def pipeline(encoder=MeanColor):
    return Pipeline(
        conditioner=Identity(code=(3,)),
        generator=SmallGenerator(image=(3, 8, 8), width=3),
        encoder=encoder and encoder(image=(3, 8, 8)),
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline") / "colors"
    pipeline().save(folder)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name, color in COLORS.items():
        (folder / name).mkdir()
        for i in range(4):
            values = np.clip(np.array(color) + rng.integers(-20, 20, (10, 12, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(values).save(folder / name / f"{i}.png")
    return folder


def test_codes_come_with_file_names(saved, photos, tmp_path, capsys):
    out, page = tmp_path / "codes.npy", tmp_path / "codes.html"
    assert (
        command(["encode", str(saved), "--data", str(photos), "--output", str(out), "--page", str(page)]) == 0
    )
    names, codes = json.loads(out.with_suffix(".json").read_text()), np.load(out)
    assert codes.shape == (12, 3) and len(names) == 12 and names[0] == "blue/0.png"
    assert codes[names.index("red/2.png")].argmax() == 0
    said = capsys.readouterr().out
    assert f"12 codes (3,) in {out}, file names in {out.with_suffix('.json')}" in said and str(page) in said
    text = page.read_text()
    assert text.count("<figure>") == 8 + 12 and "blue/0.png" in text


def test_neighbors_and_clusters_follow_the_colors(saved, photos):
    codes = gancore.encode(saved, photos)
    color = [name.partition("/")[0] for name in codes.names]
    distances, nearest = codes.nearest(3)
    assert (distances[:, 1:] >= distances[:, :-1]).all()
    assert all(color[i] == color[j] for i, row in enumerate(nearest.tolist()) for j in row)
    groups = codes.clusters(3)
    assert len({(color[i], int(groups[i])) for i in range(12)}) == 3
    assert torch.equal(codes.images([0]), codes.data.rows(np.array([0]))["image"])


def test_clusters_are_compared_with_the_classes_where_these_are_known(saved, photos, tmp_path, capsys):
    codes = gancore.encode(saved, photos, labels="folders")
    assert codes.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert codes.purity() == 1.0 and codes.purity(1) == 4 / 12
    page = tmp_path / "codes.html"
    given = ["encode", str(saved), "--data", str(photos), "--output", str(tmp_path / "codes.npy")]
    assert command([*given, "--labels", "folders", "--page", str(page)]) == 0
    assert "cluster purity 1.000 (3 clusters of codes by k-means, 3 classes)" in capsys.readouterr().out
    assert "100% of them red" in page.read_text()
    assert command(given) == 0 and "purity" not in capsys.readouterr().out
    with pytest.raises(UserError, match=r'needs the classes of the images; encode .* labels="folders"'):
        gancore.encode(saved, photos).purity()


def test_codes_are_those_of_the_pipeline_in_any_chunk(saved):
    codes = gancore.encode(saved, "emoji").codes
    assert torch.equal(
        codes[300:303], gancore.load(saved).encode(gancore.encode(saved, "emoji").images([300, 301, 302]))
    )


def test_indices_have_no_neighbors(photos):
    codes = gancore.encode(pipeline(Indices), photos)
    assert codes.codes.dtype == torch.int64
    with pytest.raises(UserError, match="these codes are indices, between which there is no distance"):
        codes.nearest(1)


@pytest.mark.parametrize(
    ("output", "text"),
    [("codes.txt", "give a name that ends in .npy, got"), ("photos/", "give a name that ends in .npy, got")],
)
def test_an_output_of_another_kind_is_refused_first(saved, tmp_path, output, text, capsys):
    words = ["encode", str(saved), "--data", "nowhere", "--output", str(tmp_path / output)]
    assert command(words) == 2
    assert text in capsys.readouterr().err


def test_a_pipeline_without_encoder_says_so(photos):
    with pytest.raises(
        UserError, match="generator/small has no encoder, so it cannot encode images; give a run"
    ):
        gancore.encode(pipeline(encoder=None), photos)
