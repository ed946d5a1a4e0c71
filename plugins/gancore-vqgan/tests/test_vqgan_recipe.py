import numpy as np
import pytest
import torch
from gancore_vqgan import VQVAE

import gancore
from gancore.errors import FitError, UserError
from gancore.pipeline import check_fit
from gancore.standard.quantizers import UniformIndices
from gancore.testing.stage import start

IMAGE = (3, 8, 12)
SMALL = {
    "generator": {"part": "vq-vae", "width": 4, "blocks": 1, "vector": 3},
    "encoder": {
        "network": {"part": "vq-vae", "width": 4, "blocks": 1},
        "quantizer": {"part": "vector", "size": 6},
    },
    "batch": 4,
}


def test_the_terms_of_vq_vae_are_those_of_eq_3():
    recipe, image = VQVAE(image=IMAGE, variance=0.5, **SMALL), torch.rand(3, *IMAGE) * 2 - 1
    terms = {name: term.item() for name, term in recipe.terms(image).items()}
    before = recipe.encoder(image)
    after = recipe.encoder.quantizer.look_up(recipe.encoder.code(image))
    apart = float((before - after).square().mean())
    error = float((recipe.generator(after) - image).square().mean())
    assert terms == pytest.approx(
        {"reconstruction": error / 0.5, "codebook": apart, "commitment": 0.25 * apart}, rel=1e-5
    )


def test_the_gradient_reaches_the_encoder_straight_through():
    recipe, image = VQVAE(image=IMAGE, **SMALL), torch.rand(3, *IMAGE) * 2 - 1
    (through,) = torch.autograd.grad(
        recipe.terms(image)["reconstruction"], recipe.encoder.network.layers[0].weight
    )
    before = recipe.encoder(image)
    code = recipe.encoder.quantizer(before).code.detach().requires_grad_()
    error = (recipe.generator(code) - image).square().mean() / recipe.variance
    (to_code,) = torch.autograd.grad(error, code)
    (expected,) = torch.autograd.grad(before, recipe.encoder.network.layers[0].weight, to_code)
    assert torch.allclose(through, expected, atol=1e-6)


def test_training_writes_a_pipeline_of_one_codebook_that_encodes_images(tmp_path):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((12, *IMAGE), dtype=np.float32))
    data = str(tmp_path / "images.npy")
    training = gancore.train(
        VQVAE(**SMALL), data, output=tmp_path / "run", images=16, evaluate_every=0, progress=False
    )
    pipeline = gancore.load(tmp_path / "run")
    assert pipeline.product == "reconstructs"
    assert pipeline.conditioner.quantizer is pipeline.encoder.quantizer
    assert torch.equal(pipeline.conditioner.quantizer.vectors, training.recipe.encoder.quantizer.vectors)
    codes = gancore.encode(tmp_path / "run", data, output=tmp_path / "codes.npy")
    assert codes.codes.shape == (12, 2, 3) and codes.codes.dtype == torch.int64
    assert int(codes.codes.max()) < 6
    image = torch.from_numpy(np.load(data)) * 2 - 1
    expected = pipeline.render(codes.codes)
    assert torch.allclose(pipeline.reconstruct(image), expected, atol=1e-4)
    with pytest.raises(UserError, match="indices"):
        codes.nearest(2)


def test_another_run_starts_from_the_networks_of_a_run(tmp_path):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((8, *IMAGE), dtype=np.float32))
    given = {"images": 8, "evaluate_every": 0, "progress": False}
    first = gancore.train(
        VQVAE(**SMALL), str(tmp_path / "images.npy"), output=tmp_path / "first", **given
    ).recipe
    options = {"optimizer": {"lr": 0.0}}
    second = gancore.train(
        "vq-vae",
        str(tmp_path / "images.npy"),
        init=tmp_path / "first",
        set=options,
        output=tmp_path / "second",
        **given,
    ).recipe
    assert torch.equal(second.encoder.quantizer.vectors, first.encoder.quantizer.vectors)
    weights = (recipe.encoder.network.layers[0].weight for recipe in (first, second))
    assert torch.equal(*weights)


def test_the_curves_of_the_quantizer_are_logged():
    recipe = VQVAE(image=IMAGE, **SMALL)
    run = start(recipe, seed=0)
    recipe.step(run)
    logged = run.take_log()
    assert 1 <= logged["quantizer/perplexity"] <= 6 and 0 < logged["quantizer/usage"] <= 1
    assert {"model/reconstruction", "model/codebook", "model/commitment"} <= set(logged)


def test_codes_that_are_no_indices_of_the_book_are_refused():
    recipe = VQVAE(image=IMAGE, **SMALL)
    pipeline = recipe.pipelines()["image"]
    with pytest.raises(
        UserError, match="codebook reads indices from 0 to 5; got 6: give codes of this model"
    ):
        pipeline.render(torch.full((1, 2, 3), 6))
    with pytest.raises(UserError, match="reads indices from 0 to 5; got -1"):
        pipeline.render(torch.full((1, 2, 3), -1))
    with pytest.raises(
        UserError, match="latents are indices here, whole numbers from 0 to 5; got torch.float"
    ):
        pipeline.render(torch.rand(1, 2, 3))
    sampler = UniformIndices(latent=(2, 3), codebook_size=7)
    with pytest.raises(FitError, match="draws indices below 7, conditioner/codebook reads indices below 6"):
        check_fit(sampler, recipe.conditioner, recipe.generator)
