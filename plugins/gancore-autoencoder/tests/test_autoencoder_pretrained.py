"""Layers that are pretrained as restricted Boltzmann machines, one after the other."""

import pytest
import torch
from gancore_autoencoder import MLPEncoder, MLPGenerator, PretrainedAutoencoder

from gancore.component.randomness import fold
from gancore.errors import FitError
from gancore.nn.boltzmann import BERNOULLI, GAUSSIAN
from gancore.standard import SGD, Adam, GaussianMixture
from gancore.training.run import TrainingRun

IMAGE, BATCH = (1, 4, 8), 20


class Source:
    """Images of four kinds: two halves, each black or white."""

    position, available = 0, 80

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(fold(0, self.position) % 2**63)
        halves = torch.randint(0, 2, (n, 1, 2, 1), generator=rng).float() * 2 - 1
        return {"image": halves.repeat_interleave(2, 2).expand(n, *IMAGE).contiguous()}

    def pass_over(self, n):
        source = Source()
        return iter([source.next(n) for _ in range(self.available // n)])


def small(**options):
    usual = {
        "encoder": MLPEncoder(widths=(12, 8), hidden="sigmoid"),
        "generator": MLPGenerator(widths=(8, 12), hidden="sigmoid", latent=2),
        "sampler": GaussianMixture(components=4),
        "pretraining": 3 * BATCH,
    }
    return PretrainedAutoencoder(image=IMAGE, **{**usual, **options})


def stepped(recipe, steps, run=None):
    run = run or TrainingRun(recipe, Source(), batch=BATCH)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return run


def weights(network):
    return [layer.weight.detach().clone() for layer in network.layers]


def test_the_network_is_that_of_the_paper():
    recipe = PretrainedAutoencoder(image=(1, 28, 28))
    assert [layer.out_features for layer in recipe.encoder.layers] == [1000, 500, 250, 30]
    assert [layer.out_features for layer in recipe.generator.layers] == [250, 500, 1000, 784]
    assert [recipe.machine(i).hidden for i in range(4)] == [BERNOULLI, BERNOULLI, BERNOULLI, GAUSSIAN]
    assert recipe.length(60_000) == 4 * 100_000 + 200_000


def test_a_step_is_contrastive_divergence():
    """Where the chain is at rest its end is known: with all weights 0 hidden units are fair coins and visible
    ones have the mean σ(b), whatever is drawn.
    """
    recipe = small(layer_optimizer=SGD(lr=1.0), weight_cost=0.0)
    layer, bias = recipe.encoder.layers[0], recipe.generator.layers[-1].bias
    with torch.no_grad():
        layer.weight.zero_(), layer.bias.zero_(), bias.fill_(0.3)
    run = TrainingRun(recipe, Source(), batch=BATCH)
    v0 = (Source().next(BATCH)["image"].flatten(1) + 1) / 2
    recipe.step(run)
    end = torch.full_like(v0, 0.3).sigmoid()
    # <v hᵀ> at the data minus that at the end, h being 1/2 in both
    expected = (v0.mean(0) - end.mean(0))[None].expand(12, -1) / 2
    assert torch.allclose(layer.weight, expected, atol=1e-5)
    assert torch.allclose(bias, 0.3 + v0.mean(0) - end.mean(0), atol=1e-5)
    assert torch.allclose(layer.bias, torch.zeros(12), atol=1e-6)


def test_layers_are_trained_one_after_the_other_and_then_together():
    recipe = small()
    before, run = weights(recipe.encoder), stepped(recipe, 3)
    after = weights(recipe.encoder)
    assert not torch.equal(after[0], before[0])
    assert torch.equal(after[1], before[1]) and torch.equal(after[2], before[2])
    stepped(recipe, 3, run)
    second = weights(recipe.encoder)
    assert torch.equal(second[0], after[0]) and not torch.equal(second[1], after[1])
    assert not recipe.ready
    stepped(recipe, 3, run)
    third = weights(recipe.encoder)
    assert torch.equal(third[1], second[1]) and not torch.equal(third[2], second[2])
    stepped(recipe, 1, run)
    assert recipe.ready and all(not torch.equal(a, b) for a, b in zip(third, weights(recipe.encoder)))


def test_the_decoder_is_the_pass_down_of_the_machines():
    recipe = small()
    run = stepped(recipe, 9)
    recipe._reach(3, run)
    code = torch.randn(5, 2)
    x = code
    for layer in (2, 1, 0):
        x = recipe.machine(layer).visible_mean(x)
    assert torch.allclose(recipe.generator(code).flatten(1), 2 * x - 1, atol=1e-5)
    image = Source().next(5)["image"]
    top = recipe.machine(2).hidden_mean(recipe.visible(2, image))
    assert torch.allclose(recipe.encoder(image), top, atol=1e-5)


def test_a_machine_sees_the_probabilities_below():
    recipe = small()
    image = Source().next(5)["image"]
    first = recipe.encoder.layers[0]
    below = ((image.flatten(1) + 1) / 2 @ first.weight.T + first.bias).sigmoid()
    assert torch.allclose(recipe.visible(1, image), below, atol=1e-6)
    assert small(encoder=MLPEncoder(widths=(12, 8), hidden="sigmoid", activation="sigmoid")).machine(2).hidden


def test_the_pretraining_learns_and_the_whole_reconstructs():
    recipe = small(pretraining=60 * BATCH, optimizer=Adam(lr=1e-2, betas=(0.9, 0.999)), code_rate=0.1)
    run = stepped(recipe, 3)
    early = run.take_log()["layers/error"]
    stepped(recipe, 57, run)
    assert run.take_log()["layers/error"] < 0.8 * early
    stepped(recipe, 120 + 200, run)
    recipe.finish(run)
    image = Source().next(16)["image"]
    pipeline = recipe.pipelines()["image"]
    assert float((pipeline.reconstruct(image).sign() == image).float().mean()) > 0.97
    halves = pipeline.sample(100, seed=0).reshape(100, 2, -1).mean(2).sign()
    assert len(torch.unique(halves, dim=0)) == 4


def test_a_pretraining_that_was_cut_short_is_unrolled_at_the_end():
    recipe = small()
    run = stepped(recipe, 2)
    recipe.finish(run)
    assert recipe.ready
    assert torch.equal(recipe.generator.layers[-1].weight, recipe.encoder.layers[0].weight.T)


def test_networks_that_are_no_mirror_images_are_refused():
    with pytest.raises(FitError, match=r"unrolls its encoder.*got the encoder's \(12, 8\) relu"):
        small(encoder=MLPEncoder(widths=(12, 8)))
    with pytest.raises(FitError, match=r"the generator's \(12, 8\) sigmoid"):
        small(generator=MLPGenerator(widths=(12, 8), hidden="sigmoid", latent=2))
