"""A codebook that the data cannot fill is refused before the first step."""

import numpy as np
import pytest
from autoencoders import DoublingDecoder, HalvingEncoder

from gancore import Encoder, Generator, Optimizer, Pipeline, Player, Quantizer, Recipe, part, seat, train
from gancore.errors import FitError
from gancore.recipes.codebooks import check_codebooks_fill
from gancore.standard import (
    Adam,
    Codebook,
    FiniteScalarQuantizer,
    KMeansStart,
    UniformIndices,
    VectorQuantizer,
)


@part("fill-test-vae")
class Autoencoder(Recipe):
    """A VQ-VAE."""

    generator: Generator = seat(default=DoublingDecoder)
    encoder: Encoder = seat(default=HalvingEncoder)
    quantizer: Quantizer = seat(default=VectorQuantizer)
    optimizer: Optimizer = seat(default=Adam)
    frozen = False

    def facts(self, seat):
        shape = tuple(self.generator.code_shape) if seat != "generator" else ()
        return {"image": self.image, "code": shape, "code_shape": shape}

    def build(self):
        self.conditioner = Codebook(quantizer=self.quantizer, code=tuple(self.generator.code_shape))

    def players(self):
        more = [] if self.frozen else [self.quantizer]
        return {"model": Player([self.encoder, self.generator, *more], self.optimizer)}

    def pipelines(self):
        prior = UniformIndices(
            latent=self.conditioner.latent_shape, codebook_size=self.conditioner.codebook_size
        )
        return {
            "image": Pipeline(sampler=prior, conditioner=self.conditioner, generator=self.generator),
        }

    def step(self, run):
        run.batch()


IMAGE = (1, 8, 8)  # 16 places


def test_a_codebook_larger_than_the_data_can_fill_is_refused(tmp_path):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((4, 1, 8, 8), dtype=np.float32))
    words = "quantizer: quantizer/vector has 65 vectors, but 4 images with 4×4 places each have only 64"
    with pytest.raises(FitError, match=words):
        train(
            Autoencoder(quantizer=VectorQuantizer(size=65)),
            str(tmp_path / "images.npy"),
            output=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()


def test_one_that_fits_is_not():
    for quantizer in (VectorQuantizer(size=64), FiniteScalarQuantizer(levels=(9, 9))):
        check_codebooks_fill(Autoencoder(quantizer=quantizer, image=IMAGE), 4)


def test_one_inside_of_another_quantizer_is_found():
    inside = KMeansStart(quantizer=VectorQuantizer(size=65))
    with pytest.raises(FitError, match=r"quantizer\.quantizer: quantizer/vector"):
        check_codebooks_fill(Autoencoder(quantizer=inside, image=IMAGE), 4)


def test_one_that_is_not_trained_may_be_of_any_size():
    recipe = Autoencoder(quantizer=VectorQuantizer(size=65), image=IMAGE)
    recipe.frozen = True
    check_codebooks_fill(recipe, 4)
