"""The card and the preview of an exported pipeline."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gancore
from gancore.cli import run as cli
from gancore.errors import UserError
from gancore.pictures.card import without_folders
from gancore.pictures.grid import to_grid
from gancore.runs.folder import RunFolder

HOW = {"images": 64, "batch": 8, "evaluate_every": 32, "threads": 1, "progress": False}
COMMAND = ["gancore", "train", "gan", "--data", "/home/anna/My Pictures/cats.npy", "--set=a=/srv/x/y.pt"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    home = tmp_path_factory.mktemp("home") / "anna"
    home.mkdir()
    np.save(home / "cats.npy", np.random.default_rng(0).integers(0, 256, (80, 8, 8, 3), dtype=np.uint8))
    gancore.train(
        "gan",
        home / "cats.npy",
        set={"generator.hidden": [8]},
        output=home / "runs" / "one",
        command=COMMAND,
        **HOW,
    )
    return home / "runs" / "one"


def front(text):
    """The front matter: keys at the beginning of a line, with what stands behind them."""
    _, head, body = text.split("---\n", 2)
    return dict(re.findall(r"^(\w+):(?: (.*))?$", head, re.M)), head, body


def test_a_card_says_what_it_is_and_how_to_sample(trained, tmp_path):
    written = gancore.export(trained, format="pipeline", output=tmp_path / "cats")
    text = (tmp_path / "cats" / "README.md").read_text(encoding="utf-8")
    keys, head, body = front(text)
    assert keys["library_name"] == "gancore" and keys["pipeline_tag"] == "unconditional-image-generation"
    assert keys["license"] == '"unknown"' and "To be chosen" in body
    assert '- "gan"' in head and 'name: "FD[' in head
    assert "after 64 training images" in body and "GAN(generator=" in body
    assert "gancore sample cats --count 16 --seed 0" in body and "Trained on cats.npy." in body
    assert f"gancore {gancore.__version__}" in body and "gancore-gan " in body
    assert re.search(r"\| FD\[\S+\] \| [\d.,]+( ± \S+)? \| lower \|", body) and "Protocol: 64 samples" in body
    assert "README.md" in str(written) and "preview.png" in str(written)


def test_what_a_card_says_is_so(trained, tmp_path, monkeypatch):
    gancore.export(trained, format="pipeline", output=tmp_path / "cats", license="cc-by-4.0")
    text = (tmp_path / "cats" / "README.md").read_text(encoding="utf-8")
    assert front(text)[0]["license"] == '"cc-by-4.0"' and "`cc-by-4.0`." in text
    monkeypatch.chdir(tmp_path)
    code = re.search(r"## How to sample.*?```python\n(.*?)```", text, re.S)[1]
    exec(code, names := {})
    assert torch.equal(names["images"], gancore.load(trained).sample(16, seed=0))
    command = re.search(r"```console\ngancore (sample .*)\n", text)[1]
    assert cli(command.split()) == 0 and (tmp_path / "samples.png").is_file()
    preview = Image.open(tmp_path / "cats" / "preview.png")
    assert preview.tobytes() == to_grid(gancore.load(trained).sample(32, seed=0), columns=8).tobytes()


def test_a_card_does_not_say_where_anything_lay(trained, tmp_path):
    gancore.export(trained, format="pipeline", output=tmp_path / "cats")
    text = (tmp_path / "cats" / "README.md").read_text(encoding="utf-8")
    assert "gancore train gan --data cats.npy --set=a=y.pt" in text
    for word in (str(trained.parent), str(trained.parents[1]), "/home/", "anna", "Pictures", "srv"):
        assert word not in text, word


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("/home/anna/photos", "photos"),
        ("photos/cats", "photos/cats"),
        ("generator.from=/home/anna/runs/0001-gan:generator", "generator.from=0001-gan:generator"),
        (r"C:\Users\Anna\photos", "photos"),
        ("~/My Pictures/cats", "cats"),
        ("generator.width=32", "generator.width=32"),
    ],
)
def test_a_word_of_a_command_loses_its_folders(word, shown):
    assert without_folders(word) == shown


def test_an_older_checkpoint_is_not_given_the_scores_of_a_later_one(trained, tmp_path):
    older = RunFolder(trained).checkpoints[-1]
    assert int(older.name) < 64
    gancore.export(older, format="pipeline", output=tmp_path / "older")
    text = (tmp_path / "older" / "README.md").read_text(encoding="utf-8")
    assert f"after {int(older.name)} training images" in text
    assert "## Scores" not in text and "model-index" not in text and "Trained on cats.npy" in text


def test_what_a_run_from_elsewhere_says_stays_in_its_line(trained, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    settings = (copy / "run.toml").read_text().replace("cats.npy", "cats\\n# Free money\\u001b[2J.npy")
    (copy / "run.toml").write_text(settings)
    for file in (copy / "scores").glob("*.json"):
        table = json.loads(file.read_text())
        file.write_text(json.dumps(table | {"protocol": {"samples": "none", "reference": ["\n# Free"]}}))
    gancore.export(copy, format="pipeline", output=tmp_path / "cats")
    text = (tmp_path / "cats" / "README.md").read_text(encoding="utf-8")
    assert "Trained on " in text and "\n# Free" not in text and "\x1b" not in text
    assert "Protocol: ? samples of seed ?" in text


def test_how_a_run_went_on_is_told(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    gancore.resume(tmp_path / "run", images=72, progress=False)
    gancore.export(tmp_path / "run", format="pipeline", output=tmp_path / "cats")
    text = (tmp_path / "cats" / "README.md").read_text(encoding="utf-8")
    assert "# it was stopped at 64 images, and went on with\ngancore train --resume " in text


@pytest.mark.parametrize(
    "options", [["--format", "pipeline", "--zip", "--output", "cats"], ["--output", "cats.zip"]]
)
def test_a_zip_holds_the_folder(trained, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    assert cli(["export", str(trained), *options]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["cats.zip"]
    with zipfile.ZipFile("cats.zip") as packed:
        packed.extractall()
    assert torch.equal(gancore.load("cats").sample(2, seed=1), gancore.load(trained).sample(2, seed=1))
    assert "# cats\n" in Path("cats", "README.md").read_text(encoding="utf-8")


def test_nothing_is_left_where_the_card_cannot_be_written(trained, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gancore.verbs.export.write_card", full)
    assert cli(["export", str(trained), "--format", "pipeline", "--output", str(tmp_path / "cats")]) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_pipeline_without_its_run_has_a_card_too(trained, tmp_path):
    gancore.export(gancore.load(trained), format="pipeline", output=tmp_path / "cats")
    text = (tmp_path / "cats" / "README.md").read_text(encoding="utf-8")
    assert "after 64 training images" in text and "## Data" not in text and "## Scores" not in text


def test_a_card_belongs_to_a_pipeline(trained, tmp_path):
    with pytest.raises(UserError, match="--zip and --license belong to a card"):
        gancore.export(trained, format="torch", zip=True, output=tmp_path / "cats.pt2")


def test_a_translator_shows_its_newest_sample_grid(tmp_path):
    for side in ("source", "target"):
        np.save(
            tmp_path / f"{side}.npy", np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), np.uint8)
        )
    small = {f"{seat}.width": 2 for seat in ("to_target", "to_source")}
    judges = {"width": 2, "layers": 2}
    small |= {f"{side}_discriminator.{k}": v for side in ("target", "source") for k, v in judges.items()}
    places = [str(tmp_path / "source.npy"), str(tmp_path / "target.npy")]
    how = HOW | {"images": 4, "batch": 2, "evaluate_every": 0}
    run = gancore.train("cyclegan", places, set=small, output=tmp_path / "run", **how)
    gancore.export(run, format="pipeline", pipeline="backward", output=tmp_path / "back")
    text = (tmp_path / "back" / "README.md").read_text(encoding="utf-8")
    assert "pipeline_tag: image-to-image" in text and "Trained on source.npy and target.npy." in text
    assert "gancore sample back --data photos --output made" in text
    newest = max(grid.images for grid in run.run_folder.samples)
    grids = {grid.pipeline: grid.path for grid in run.run_folder.samples if grid.images == newest}
    gancore.export(run, format="pipeline", output=tmp_path / "forth")
    gancore.export(run, format="pipeline", pipeline="forward", output=tmp_path / "named")
    for folder, name in (("back", "backward"), ("forth", ""), ("named", "")):
        preview = Image.open(tmp_path / folder / "preview.png")
        assert preview.tobytes() == Image.open(grids[name]).convert("RGB").tobytes()
    grids[""].write_bytes(grids[""].read_bytes()[:50] + grids[""].read_bytes()[-12:])
    gancore.export(run, format="pipeline", output=tmp_path / "torn")
    assert not (tmp_path / "torn" / "preview.png").exists()
    assert "preview.png" not in (tmp_path / "torn" / "README.md").read_text(encoding="utf-8")


def test_class_names_are_listed_and_the_manifest_is_of_the_pipeline(tmp_path):
    for i, name in enumerate(["cat", "*d`g*"] * 4):
        (tmp_path / "pets" / name).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (i * 20, 0, 0)).save(tmp_path / "pets" / name / f"{i}.png")
    how = HOW | {"images": 8, "evaluate_every": 0}
    judge = {"part": "projection", "network": "maxout"}
    change = {"conditioner": "one-hot", "discriminator": judge, "generator.hidden": [8]}
    run = gancore.train("gan", tmp_path / "pets", set=change, output=tmp_path / "run", **how)
    gancore.export(run, format="pipeline", output=tmp_path / "made")
    assert "Classes, for `--label`: `` *d`g* ``, `cat`." in (tmp_path / "made" / "README.md").read_text(
        encoding="utf-8"
    )
    manifest = json.loads((tmp_path / "made" / "manifest.json").read_text())
    assert manifest["files"].keys() == {"pipeline.json", "weights.safetensors"}
