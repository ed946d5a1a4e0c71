"""Conditional images follow their labels, and codes say what is in an image: drawn squares at 8×8."""

import pytest
import torch
from gancore_cgan import ACGAN, CGAN, MLPCGAN, InfoGAN

from gancore.training.run import TrainingRun

PLACES = ((0, 0), (0, 4), (4, 0), (4, 4))
ADAM = {"part": "adam", "lr": 2e-3, "betas": [0.5, 0.99]}
QUICK = {"generator_optimizer": ADAM, "discriminator_optimizer": ADAM}
SMALL = {
    CGAN: {"generator": {"width": 16, "latent_size": 8}, "discriminator": {"width": 16}, **QUICK},
    MLPCGAN: {  # with the paper's descent
        "generator": {"latent_size": 8, "latent_units": 32, "label_units": 32, "units": 64, "dropout": 0.0},
        "discriminator": {"image_units": 32, "label_units": 16, "units": 32, "dropout": 0.2},
    },
    ACGAN: {
        "generator": {"width": 32, "latent_size": 8},
        "discriminator": {"width": 16, "dropout": 0.2},
        **QUICK,
    },
}
STEPS = {CGAN: 300, MLPCGAN: 600, ACGAN: 300}


class Squares:
    """One bright square in one of four corners of a dark image, with noise; the label says which."""

    position = 0

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(self.position)
        label = torch.randint(4, (n,), generator=rng)
        image = -0.8 + 0.1 * torch.randn(n, 1, 8, 8, generator=rng)
        for i, (y, x) in enumerate(PLACES):
            image[label == i, :, y : y + 4, x : x + 4] += 1.4
        return {"image": image, "label": label}


def corner(image):
    """Which corner of each image is the brightest."""
    return torch.stack([image[:, :, y : y + 4, x : x + 4].mean((1, 2, 3)) for y, x in PLACES], 1).argmax(1)


def trained(recipe, steps, batch=32):
    run = TrainingRun(recipe, Squares(), batch=batch, total=batch * steps)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return recipe.pipelines()["image"]


@pytest.mark.slow
@pytest.mark.parametrize("cls", SMALL)
def test_images_follow_their_labels(cls):
    recipe = cls(image=(1, 8, 8), classes=4, average="no-average", **SMALL[cls])
    pipeline = trained(recipe, STEPS[cls])
    label = torch.arange(4).repeat(50)
    assert (corner(pipeline.sample(200, seed=0, label=label)) == label).float().mean() > 0.9


@pytest.mark.slow
def test_a_categorical_code_names_a_corner():
    recipe = InfoGAN(
        image=(1, 8, 8),
        generator={"width": 16, "hidden": 64, "latent_size": 12},
        discriminator={"width": 16, "hidden": 64},
        sampler={"latent_codes": [4]},
        average="no-average",
    )
    pipeline = trained(recipe, 400)
    shares = []
    for category in range(4):
        found = corner(pipeline.sample(50, seed=0, options={"sampler.fixed": [category]}))
        shares.append(torch.bincount(found, minlength=4).max().item() / 50)
    assert sum(shares) / 4 > 0.8  # the images of a category are of one sort
