import importlib.util
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import gancore.data
from gancore.data import open_data

EMBEDDED = Path(gancore.data.__file__).parent / "embedded"
ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data" / "emoji" / "google-64.zip"


def test_the_embedded_emoji() -> None:
    data = open_data("emoji")
    assert len(data) == 1728 and data.facts() == {"image": (3, 32, 32), "classes": 9, "label_shape": ()}
    assert data.class_names[0] == "Smileys & Emotion" and data.labels is not None
    assert np.bincount(data.labels).tolist() == [151, 351, 143, 120, 195, 79, 241, 200, 248]
    images = data.rows(np.arange(1728))["image"]
    assert images.min() == -1 and images.max() == 1
    # White corners and colored centers: composited, centered, not blank.
    assert (images[:, :, 0, 0] > 0.9).float().mean() > 0.85 and (
        images[:, :, 12:20, 12:20].mean((1, 2, 3)) < 0.9
    ).float().mean() > 0.9
    assert len(torch.unique(images.flatten(1), dim=0)) > 1700
    assert data.description.startswith("embedded emoji (Google Noto, Apache-2.0)")


def test_the_embedded_emoji_with_alpha_and_at_other_sizes() -> None:
    assert open_data("emoji", alpha="keep").image == (4, 32, 32)
    assert open_data("emoji", size=16, channels=1).image == (1, 16, 16)


def test_the_embedded_file_is_small_and_attributed() -> None:
    assert (EMBEDDED / "emoji-32.zip").stat().st_size < 3_600_000
    license = (EMBEDDED / "LICENSE-noto.txt").read_text()
    assert all(
        word in license
        for word in ("Noto", "Google", "Apache License, Version 2.0", "emoji-datasource-google 16.0.0")
    )


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there")
def test_the_tool_makes_the_embedded_file(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        "make_embedded_emoji", ROOT / "tools" / "make_embedded_emoji.py"
    )
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    few = tmp_path / "few.zip"
    with zipfile.ZipFile(SHARED) as given, zipfile.ZipFile(few, "w") as target:
        table = json.loads(given.read("dataset.json"))
        table["labels"] = table["labels"][:40]
        for name, _ in table["labels"]:
            target.writestr(name, given.read(name))
        target.writestr("dataset.json", json.dumps(table))
    for name in ("one.zip", "two.zip"):
        tool.main(str(few), str(tmp_path / name))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    made, kept = open_data(tmp_path / "one.zip", alpha="keep"), open_data("emoji", alpha="keep")
    places = np.array([kept.names.index(name) for name in made.names])
    assert torch.equal(made.rows(np.arange(40))["image"], kept.rows(places)["image"])


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there")
def test_two_vendors_pair_by_name() -> None:
    from gancore.data import Paired

    pairs = Paired(open_data(SHARED, size=16), open_data(SHARED.with_name("twitter-64.zip"), size=16))
    assert len(pairs) == 1728 and pairs.facts()["source"] == (3, 16, 16)
