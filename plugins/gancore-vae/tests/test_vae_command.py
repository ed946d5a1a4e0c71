import numpy as np
import pytest
import torch
from gancore_vae import VAE, ConvolutionalDecoder, ConvolutionalEncoder, LearnedGaussian, log_likelihood
from PIL import Image

from gancore import create
from gancore.cli import run as gancore
from gancore.training.start import train


@pytest.fixture
def trained(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    networks = {
        "generator": ConvolutionalDecoder(width=4, latent=3),
        "encoder": ConvolutionalEncoder(width=4),
    }
    recipe = VAE(likelihood=LearnedGaussian(), batch=6, **networks)
    return train(recipe, str(tmp_path / "images.npy"), output=tmp_path / "run", images=60), tmp_path


def test_the_command_scores_with_the_deviation_that_was_learned(trained, capsys):
    training, folder = trained
    command = ["likelihood", str(folder / "run"), "--data", str(folder / "images.npy"), "--samples", "4"]
    assert gancore(command) == 0
    images = torch.from_numpy(np.load(folder / "images.npy")).float()[:, None] / 127.5 - 1
    expected = log_likelihood(training.recipe, images, samples=4)
    assert float(training.recipe.likelihood.log_deviation.detach().exp()) != 0.5
    assert f"log-likelihood  {float(expected.nats.mean()):.2f} nats" in capsys.readouterr().out


def test_wrong_words_are_named(trained, capsys):
    _, folder = trained
    assert (
        gancore(["likelihood", str(folder / "run"), "--data", str(folder / "images.npy"), "--count", "0"])
        == 2
    )
    assert "--samples and --count must be at least 1; got 100 and 0" in capsys.readouterr().err


def folders(place, classes):
    """Three images of each class, in folders."""
    rng = np.random.default_rng(0)
    for name in range(classes):
        (place / f"class-{name}").mkdir(parents=True)
        for i in range(3):
            pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(place / f"class-{name}" / f"{i}.png")
    return str(place)


def test_a_run_that_reads_labels_is_scored_with_them(tmp_path, capsys):
    data = folders(tmp_path / "two", 2)
    small = {"generator.width": 4, "generator.latent": 67, "encoder.network.width": 4}
    recipe = create("conditional-vae", small)
    train(recipe, data, output=tmp_path / "run", images=12, batch=6, evaluate_every=0)
    run = str(tmp_path / "run")
    assert gancore(["likelihood", run, "--data", data, "--samples", "2"]) == 0
    assert "6 images, 2 samples each" in capsys.readouterr().out
    assert gancore(["likelihood", run, "--data", folders(tmp_path / "three", 3)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "the run reads labels of 2 classes, but these images have 3" in said
