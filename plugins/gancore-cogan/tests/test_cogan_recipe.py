import numpy as np
import pytest
import torch
from gancore_cogan import CoGAN, CoupledGenerator

import gancore
from gancore import build, spec
from gancore.errors import FactError, FitError
from gancore.testing.stage import drive, start

SMALL = {
    **{f"{domain}_generator": {"width": 2, "latent_size": 4} for domain in ("source", "target")},
    **{f"{domain}_discriminator": {"width": 2} for domain in ("source", "target")},
    "image": (3, 16, 16),
    "source": (1, 16, 16),
}


def test_generators_share_their_first_layers_and_discriminators_their_last():
    recipe = CoGAN(**SMALL)
    first, second = recipe.source_generator, recipe.target_generator
    assert first.trunk is second.trunk and first.own is not second.own
    judges = recipe.source_discriminator, recipe.target_discriminator
    assert judges[0].trunk is judges[1].trunk and judges[0].score is judges[1].score
    assert judges[0].own is not judges[1].own


def test_shared_layers_are_trained_by_both_and_stay_shared():
    recipe = CoGAN(**SMALL, batch=4)
    before = [p.clone() for p in recipe.source_generator.trunk.parameters()]
    drive(start(recipe), 2)
    after = list(recipe.target_generator.trunk.parameters())
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    averaged = recipe.pipelines()
    assert averaged["source"].generator.trunk is averaged["target"].generator.trunk


def test_equal_seeds_make_pairs_of_other_colors():
    recipe = CoGAN(**SMALL)
    source, target = (recipe.pipelines()[name] for name in ("source", "target"))
    assert source.sample(3, seed=1).shape == (3, 1, 16, 16)
    assert target.sample(3, seed=1).shape == (3, 3, 16, 16)
    assert torch.equal(source.draw(3, seed=1)[0], target.draw(3, seed=1)[0])


def test_a_training_on_two_domains(tmp_path):
    draw = np.random.default_rng(0)
    for name, colors in (("source", 1), ("target", 3)):
        np.save(tmp_path / f"{name}.npy", draw.integers(0, 256, (12, 16, 16, colors), dtype=np.uint8))
    table = {name: value for name, value in SMALL.items() if name not in ("image", "source")}
    run = gancore.train(
        gancore.create("cogan", table),
        [str(tmp_path / "source.npy"), str(tmp_path / "target.npy")],
        images=16,
        batch=4,
        evaluate_every=0,
        threads=1,
        output=tmp_path / "run",
        progress=False,
    )
    pair = [gancore.load(run, name) for name in ("source", "target")]
    assert [pipeline.sample(2, seed=3).shape[1] for pipeline in pair] == [1, 3]
    shared = [pipeline.generator.trunk.state_dict() for pipeline in pair]
    assert all(torch.equal(value, shared[1][name]) for name, value in shared[0].items())
    longer = gancore.resume(run, images=24, progress=False)
    assert gancore.load(longer, "source").sample(1, seed=0).isfinite().all()


def test_layers_that_differ_cannot_be_shared():
    table = {**SMALL, "target_generator": {"width": 3, "latent_size": 4}}
    said = r"the layers differ \(0.0.weight is \(4, 4, 4, 4\) in the first, \(4, 6, 4, 4\) in the second\)"
    with pytest.raises(FitError, match=f"cannot share trunk: {said}; give both parts the same options"):
        CoGAN(**table)
    with pytest.raises(FitError, match="has no layer 'body'; its layers"):
        CoGAN(**SMALL, shared_generator_layers="body")
    with pytest.raises(FitError, match="has no layer ''; its layers: trunk, own"):
        CoGAN(**SMALL, shared_generator_layers="")
    with pytest.raises(FactError, match="has 3 layers for these images, so at most 2 can be its own"):
        CoupledGenerator(image=(3, 16, 16), own_layers=4)
    with pytest.raises(FitError, match="relativistic-pairing compares generated images with real ones"):
        CoGAN(**SMALL, loss="relativistic-pairing")


def test_one_layer_may_be_given_by_its_name_alone():
    recipe = CoGAN(**SMALL, shared_discriminator_layers="trunk")
    first, second = recipe.source_discriminator, recipe.target_discriminator
    assert first.trunk is second.trunk and first.score is not second.score


def test_specs_round_trip():
    recipe = CoGAN(**SMALL)
    assert spec(build(spec(recipe), "recipe")) == spec(recipe)
