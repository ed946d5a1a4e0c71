import copy

import numpy as np
import pytest
import torch
from gancore_autoencoder import (
    PRESETS,
    Autoencoder,
    AutoencoderEncoder,
    AutoencoderGenerator,
    CodeNorm,
    Contractive,
    DecoderGradient,
    DecoderWeights,
    MaskingNoise,
    MLPEncoder,
    MLPGenerator,
)

import gancore
from gancore.component.randomness import fold
from gancore.component.specs import build, spec
from gancore.errors import DataError
from gancore.standard import Adam, GaussianMixture, WeightClipping
from gancore.training.run import TrainingRun

IMAGE = (1, 8, 8)


class Source:
    """Images of four kinds: two halves, each black or white, with some noise."""

    position, available = 0, 240

    def next(self, n=None):
        self.position += n
        return self.rows(self.position, n)

    def rows(self, seed, n):
        rng = torch.Generator().manual_seed(fold(0, seed) % 2**63)
        halves = torch.randint(0, 2, (n, 1, 2, 1), generator=rng).float() * 1.6 - 0.8
        noise = torch.randn(n, *IMAGE, generator=rng) * 0.05
        return {"image": halves.repeat_interleave(4, 2).expand(n, *IMAGE) + noise}

    def pass_over(self, n):
        return iter([self.rows(-i, n) for i in range(self.available // n)])


def small(**options):
    networks = {
        "generator": MLPGenerator(widths=(16,), latent=2),
        "encoder": MLPEncoder(widths=(16,)),
        "sampler": GaussianMixture(components=4),
    }
    return Autoencoder(image=IMAGE, **{**networks, **options})


def trained(recipe, steps=150, batch=40):
    run = TrainingRun(recipe, Source(), batch=batch)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return run


def kinds(image):
    """The halves of each image: which of the four kinds it is, and how far from it."""
    halves = image.reshape(-1, 2, 32)
    means = halves.mean(2)
    return {tuple(row) for row in means.sign().int().tolist()}, float((means.abs() - 0.8).abs().mean())


def test_a_plain_autoencoder_generates_after_the_fit():
    recipe = small(optimizer=Adam(lr=1e-2, betas=(0.9, 0.999)))
    run = trained(recipe)
    before = recipe.sampler.mixture
    assert torch.equal(before.means[0], before.means[1])  # one Gaussian, which follows the codes
    recipe.finish(run)
    pipeline = recipe.pipelines()["image"]
    found, off = kinds(pipeline.sample(200, seed=0))
    assert len(found) == 4 and off < 0.1
    image = Source().rows(7, 20)["image"]
    assert float((pipeline.reconstruct(image) - image).square().mean()) < 0.02


def test_before_the_fit_samples_follow_the_codes():
    recipe = small(sampler=GaussianMixture(components=2, mean_decay=0.5))
    trained(recipe, steps=30)
    codes = recipe.encoder(Source().rows(3, 200)["image"]).detach()
    drawn = recipe.sampler(5000, rng=torch.Generator().manual_seed(0))
    assert torch.allclose(drawn.mean(0), codes.mean(0), atol=0.3 * float(codes.std()))
    assert torch.allclose(drawn.std(0), codes.std(0), rtol=0.4)


def test_the_fit_is_the_same_again_and_leaves_training_alone():
    recipe = small()
    run = trained(recipe, steps=5)
    twin, state = copy.deepcopy(recipe), run.rng.get_state()
    recipe.finish(run)
    other = TrainingRun(twin, Source(), batch=40)
    other.rng.set_state(state)
    twin.finish(other)
    assert all(torch.equal(a, b) for a, b in zip(recipe.sampler.mixture, twin.sampler.mixture, strict=True))
    assert recipe.encoder.training


def test_fewer_images_than_components_are_refused():
    recipe = small(sampler=GaussianMixture(components=300))
    with pytest.raises(DataError, match="240 codes cannot be fitted by the 300 Gaussians"):
        recipe.finish(TrainingRun(recipe, Source(), batch=40))


ALL = [CodeNorm, DecoderWeights, DecoderGradient, Contractive]


def gradients(recipe, image, micro_batch):
    recipe = copy.deepcopy(recipe).double()
    recipe.optimizer.make = lambda *_: torch.optim.SGD(recipe.parameters(), 1.0)
    before = [p.detach().clone() for p in recipe.parameters()]
    run = TrainingRun(recipe, Source(), batch=len(image), micro_batch=micro_batch)
    run.update("model", recipe.terms, image, double_backward=True)
    moved = [a - b.detach() for a, b in zip(before, recipe.parameters(), strict=True)]
    return moved, recipe.sampler.mixture


def test_micro_batches_give_the_gradient_of_the_whole():
    recipe = small(corruptions=[MaskingNoise], penalties=ALL)
    image = torch.rand(6, *IMAGE, dtype=torch.float64) * 2 - 1
    (whole, mixture), (pieces, other) = gradients(recipe, image, None), gradients(recipe, image, 2)
    assert max(float(g.abs().max()) for g in whole) > 0.01
    assert all(torch.allclose(a, b, atol=1e-10, rtol=1e-10) for a, b in zip(whole, pieces, strict=True))
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(mixture, other, strict=True))


def test_penalties_are_terms_by_name():
    terms = small(penalties=[CodeNorm, CodeNorm(weight=0.5), DecoderWeights]).terms(Source().next(4)["image"])
    assert list(terms) == ["reconstruction", "code-norm", "code-norm-2", "decoder-weights"]
    assert torch.allclose(terms["code-norm-2"], 10 * terms["code-norm"])


def test_a_constraint_holds_for_all_weights():
    recipe = small(constraints=[WeightClipping(limit=0.01)])
    trained(recipe, steps=1)
    assert all(p.abs().max() <= 0.01 for p in recipe.parameters())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_presets_take_a_step(preset):
    recipe = gancore.create(preset.name, {"generator.width": 4}, image=IMAGE)
    recipe.step(run := TrainingRun(recipe, Source(), batch=6))
    assert all(np.isfinite(value) for value in run.take_log().values())
    assert spec(build(spec(recipe))) == spec(recipe)


def test_a_run_and_an_ex_post_stage_over_it(tmp_path):
    rows = ((Source().rows(1, 48)["image"].clamp(-1, 1) + 1) * 127.5).byte().numpy()
    np.save(tmp_path / "images.npy", rows)
    data = str(tmp_path / "images.npy")
    first = Autoencoder(
        generator=AutoencoderGenerator(width=4, latent=2),
        encoder=AutoencoderEncoder(width=4),
        sampler=GaussianMixture(components=1),
    )
    how = {"images": 48, "evaluate_every": 0, "progress": False}
    gancore.train(first, data, output=tmp_path / "first", batch=12, **how)
    table = gancore.RunFolder(tmp_path / "first").recipe_table
    seats = {
        seat: {**table[seat], "from": f"{tmp_path / 'first'}:{seat}", "frozen": True}
        for seat in ("encoder", "generator")
    }
    stage = gancore.create("ex-post", {**seats, "sampler.components": 3})
    gancore.train(stage, data, output=tmp_path / "second", **how)
    codes = gancore.encode(tmp_path / "first", data).codes
    fitted, whole = gancore.load(tmp_path / "second"), gancore.load(tmp_path / "first")
    assert fitted.sampler.components == 3
    assert torch.allclose(whole.sampler.mixture.means[0].float(), codes.mean(0), atol=1e-4)
    weighted = fitted.sampler.mixture.weights @ fitted.sampler.mixture.means
    assert torch.allclose(weighted.float(), codes.mean(0), atol=1e-3)
    assert fitted.sample(3, seed=0).shape == (3, *IMAGE)
