"""Labels of both sorts on their way from the data to every part, and trainings that would ignore them."""

import numpy as np
import pytest
import torch
from PIL import Image
from small import LabeledDiscriminator, SmallDiscriminator, SmallGenerator, know_small_parts

import gancore
from gancore import TwoPlayerGAN
from gancore.cli import run
from gancore.data import open_data
from gancore.errors import FitError
from gancore.recipes.batches import RealBatch
from gancore.runs.log import Log
from gancore.runs.opening import load_pipeline
from gancore.standard.conditioners import OneHot
from gancore.training.start import fit_to_data, resume, train


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


ROWS = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
CLASSES = np.arange(20) % 3


def data(labels=ROWS):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)
    return open_data(pixels, labels=labels)


def game(**fields):
    parts = {
        "generator": SmallGenerator(width=7),
        "discriminator": LabeledDiscriminator(),
        "conditioner": OneHot(),
    }
    return TwoPlayerGAN(**{**parts, **fields})


def test_the_data_tell_the_shape_of_a_label():
    assert data().facts() == {"image": (3, 8, 8), "classes": 3, "label_shape": (3,)}
    assert data(CLASSES).facts()["label_shape"] == ()
    assert "labels of 3 numbers" in data().description


def test_generated_images_get_rows_of_the_data():
    recipe = game()
    fit_to_data(recipe, data(), 0)
    drawn = recipe.labels(100, rng=torch.Generator().manual_seed(0))
    assert drawn.dtype == torch.float32
    assert (drawn[:, None].numpy() == ROWS[None]).all(2).any(1).all()
    assert not torch.equal(drawn[0], drawn[1])


@pytest.mark.parametrize("labels", [ROWS, CLASSES], ids=["rows", "classes"])
def test_both_sorts_of_labels_train_resume_and_sample(labels, tmp_path):
    how = {"batch": 4, "checkpoint_every": 16, "evaluate_every": 16, "report_every": 16, "hold_out": 4}
    train(game(), data(labels), output=tmp_path / "run", images=32, **how)
    resume(tmp_path / "run", data(labels), images=48)
    pipeline = load_pipeline(tmp_path / "run")
    found = pipeline.draw(50, seed=1)[1]
    assert found.shape == (50, *labels.shape[1:])
    if labels.ndim == 2:
        assert (found[:, None].numpy() == labels[None]).all(2).any(1).all()
    checkpoint = sorted((tmp_path / "run" / "checkpoints").iterdir())[-1]
    assert torch.equal(load_pipeline(checkpoint).draw(50, seed=1)[1], found)
    judged = [line for line in Log.read(tmp_path / "run" / "log.jsonl") if line.get("event") == "scores"]
    assert "discriminator/tells apart" in judged[-1]["diagnostics"]


def test_labels_of_the_generator_alone_are_refused(tmp_path):
    with pytest.raises(FitError, match="one-hot reads labels, but discriminator/small does not, so"):
        train(game(discriminator=SmallDiscriminator()), data(), output=tmp_path / "run", images=8)


def test_labels_of_the_discriminator_alone_are_refused(tmp_path):
    with pytest.raises(FitError, match="small-labels reads labels, but no part that makes images does"):
        train(game(conditioner="identity"), data(), output=tmp_path / "run", images=8)


def test_a_label_sampler_that_draws_others_than_the_data_is_refused():
    with pytest.raises(FitError, match="rows of 3 numbers; set labels to one that draws rows"):
        fit_to_data(game(labels="uniform"), data(), 0)


class Run:
    rng = torch.Generator().manual_seed(0)

    def draw(self, sampler, n, label):
        return sampler(n, label, rng=self.rng)

    def labels(self, sampler, n):
        return sampler(n, rng=self.rng)


@pytest.mark.parametrize(
    ("fields", "paired"),
    [({}, False), ({"pair_labels": True}, True), ({"loss": "relativistic-pairing"}, True)],
)
def test_labels_of_the_real_batch(fields, paired):
    recipe = game(**fields)
    fit_to_data(recipe, data(), 0)
    real = RealBatch(torch.zeros(6, 3, 8, 8), torch.from_numpy(ROWS[:6]))
    made = recipe.latent_batch(Run(), 4, real)
    assert torch.equal(made.label, real.label[:4]) == paired and made.latent.shape == (4, 4)


def test_a_probe_reads_the_labels():
    from gancore.measure.diagnostics import probe_scores

    recipe = game()
    fit_to_data(recipe, data(), 0)
    (probe,) = recipe.probes().values()
    assert probe.label == "label"
    images, label = torch.rand(70, 3, 8, 8), torch.randn(70, 3)
    assert torch.allclose(
        probe_scores(probe, images, label), recipe.discriminator(images, label).double(), atol=1e-5
    )


def test_a_row_of_another_length_is_refused():
    recipe = game()
    fit_to_data(recipe, data(), 0)
    with pytest.raises(FitError, match=r"reads labels of 3 numbers, \(N, 3\), but got \(2, 4\)"):
        recipe.conditioner(torch.zeros(2, 4), torch.zeros(2, 4))


def test_names_of_classes_are_kept(tmp_path, capsys):
    for i in range(8):
        folder = tmp_path / "images" / ("cat" if i % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    opened = open_data(tmp_path / "images", cache="off")
    train(game(), opened, output=tmp_path / "run", images=8, batch=4, evaluate_every=0)
    for path in (tmp_path / "run", *(tmp_path / "run" / "checkpoints").iterdir()):
        assert load_pipeline(path).labels.class_names == ("cat", "dog")
    assert 'class_names = [\n    "cat",\n    "dog",\n]' in (tmp_path / "run" / "run.toml").read_text()
    with_name = gancore.sample(tmp_path / "run", count=2, label="dog").images
    assert torch.equal(with_name, gancore.sample(tmp_path / "run", count=2, label=1).images)
    words = ["sample", str(tmp_path / "run"), "--label", "cow"]
    assert run(words) == 2 and "no label is called 'cow'; known: cat, dog" in capsys.readouterr().err
