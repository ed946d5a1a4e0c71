"""VQ-VAE-2: two code maps in one code, from training to samples of a second stage."""

import pytest
import torch
from gancore_vqgan import VQVAE, LevelQuantizer, TwoLevelDecoder, TwoLevelEncoder, VQVAEDecoder
from torch import nn

from gancore import create
from gancore.errors import FitError
from gancore.standard.quantizers import UniformIndices, VectorQuantizer
from gancore.testing import contracts
from gancore.testing.stage import drive, start

IMAGE = (3, 16, 24)
SIZES = {"width": 4, "residual": 2, "blocks": 1}
BOOKS = {"quantizer": {"part": "levels", "quantizers": [{"part": "moving-average", "size": 5}] * 2}}
SMALL = {
    "generator": {"part": "vq-vae-2", "vector": 3, **SIZES},
    "encoder": {"part": "vq-vae-2", **SIZES, **BOOKS},
    "batch": 4,
}


@contracts(LevelQuantizer, TwoLevelDecoder, TwoLevelEncoder)
def test_contract(check):
    check()


def images(n=2):
    return torch.rand(n, *IMAGE, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_two_maps_lie_behind_each_other():
    recipe = VQVAE(image=IMAGE, **SMALL)
    encoder, quantizer = recipe.encoder.eval(), recipe.encoder.quantizer
    assert quantizer.levels == ((3, 2, 3), (3, 4, 6)) and recipe.code == (3 * (6 + 24),)
    assert recipe.conditioner.latent_shape == (6 + 24,) and recipe.conditioner.codebook_size == 5
    made = encoder.quantized(images())
    top, bottom = quantizer.maps.split(made.code)
    first, second = quantizer.indices.split(made.indices)
    assert torch.allclose(top, quantizer.quantizers[0].look_up(first), atol=1e-6)
    assert torch.allclose(bottom, quantizer.quantizers[1].look_up(second), atol=1e-6)
    assert torch.allclose(recipe.conditioner(encoder.code(images())), made.code, atol=1e-6)


def test_the_fine_map_is_made_with_the_quantized_coarse_one():
    encoder = VQVAE(image=IMAGE, **SMALL).encoder.eval()
    before, image = encoder.quantized(images()), images()
    _, fine, _ = encoder.maps(image)
    encoder.quantizer.quantizers[0].vectors += 1  # all by the same, so that the nearest stay the nearest
    with torch.no_grad():
        encoder.top[-1].bias += 1
    _, other, _ = encoder.maps(image)
    assert torch.equal(encoder.quantized(image).indices[:, :6], before.indices[:, :6])
    assert not torch.allclose(other, fine)
    features = encoder.bottom(image)
    coarse = encoder.quantizer.quantizers[0](encoder.top(features)).code
    assert torch.allclose(encoder.fine(torch.cat([features, encoder.down(coarse)], 1)), other, atol=1e-6)


def test_the_terms_of_both_levels_are_added():
    recipe = VQVAE(image=IMAGE, **SMALL)
    terms = recipe.terms(images())
    assert set(terms) == {"reconstruction", "commitment 0", "commitment 1"}
    top, bottom, _ = recipe.encoder.maps(images())
    for i, code in enumerate((top, bottom)):
        vectors = recipe.encoder.quantizer.quantizers[i](code).code
        expected = 0.25 * (code - vectors).square().mean()
        assert terms[f"commitment {i}"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_it_trains_and_its_pipeline_draws_and_reconstructs():
    recipe = VQVAE(image=IMAGE, **SMALL)
    run = start(recipe, seed=1)
    before = [one.vectors.clone() for one in recipe.encoder.quantizer.quantizers]
    drive(run, 2)
    assert all(
        not torch.equal(a, b.vectors)
        for a, b in zip(before, recipe.encoder.quantizer.quantizers, strict=True)
    )
    assert {"quantizer/perplexity 0", "quantizer/usage 1"} <= set(run.take_log())
    pipeline = recipe.pipelines()["image"]
    assert pipeline.reconstruct(images()).shape == (2, *IMAGE)
    pipeline.sampler = UniformIndices(latent=(30,), codebook_size=5)
    assert pipeline.sample(3, seed=0).shape == (3, *IMAGE)


def test_a_second_stage_reads_the_indices_of_both_levels():
    sampler = {"part": "transformer", "layers": 1, "heads": 2, "width": 4}
    first = {name: SMALL[name] for name in ("generator", "encoder")}
    stage = create("code-prior", image=IMAGE, sampler=sampler, **first)
    assert stage.sampler.latent == (30,) and stage.sampler.codebook_size == 5
    assert stage.pipelines()["image"].sample(2, seed=0).shape == (2, *IMAGE)


def test_the_preset_has_the_sizes_of_the_paper():
    made = create("vq-vae-2", image=(3, 64, 64))
    books = made.encoder.quantizer.quantizers
    assert [q.code for q in books] == [(64, 8, 8), (64, 16, 16)]
    assert [(q.name, q.size, q.commitment) for q in books] == [("moving-average", 512, 0.25)] * 2
    assert made.generator.width == made.encoder.width == 128 and made.encoder.residual == 64
    convolutions = [m for m in made.encoder.modules() if isinstance(m, nn.Conv2d) and m.stride == (2, 2)]
    assert len(convolutions) == 3 and made.batch == 128


def test_what_does_not_fit_is_said():
    with pytest.raises(FitError, match="divides sides by 8, but images are 12×16"):
        VQVAE(image=(3, 12, 16), **SMALL)
    with pytest.raises(FitError, match="makes two code maps, but quantizer/vector quantizes one; put"):
        VQVAE(image=IMAGE, **SMALL | {"encoder": TwoLevelEncoder(quantizer=VectorQuantizer(), **SIZES)})
    with pytest.raises(FitError, match="needs 2 quantizers with equally many vectors; got 2 with 5, 6"):
        books = [{"part": "vector", "size": size} for size in (5, 6)]
        LevelQuantizer(levels=((3, 2, 2), (3, 4, 4)), code=(60,), quantizers=books)
    with pytest.raises(FitError, match=r"codes \(D,\) of two maps, but the generator reads \(3, 4, 4\)"):
        VQVAE(
            image=(3, 16, 16), encoder=SMALL["encoder"], generator=VQVAEDecoder(vector=3, width=4, blocks=1)
        )
