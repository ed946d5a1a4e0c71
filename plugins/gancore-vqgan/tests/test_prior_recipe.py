"""The second stage over a trained first one: where its weights come from, and what it refuses."""

import shutil

import numpy as np
import pytest
import torch
from gancore_vqgan import VQVAE, CodePrior

import gancore
from gancore.component.references import weights_hash
from gancore.component.weights import read_weights
from gancore.errors import FitError, SpecError
from gancore.runs.folder import RunFolder
from gancore.training.start import resume

NETWORK = {"part": "vq-vae", "width": 4, "blocks": 1}
TRANSFORMER = {"part": "transformer", "layers": 1, "heads": 2, "width": 8}
SHORT = {"batch": 8, "evaluate_every": 0, "sample_every": 10**6, "threads": 1, "progress": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images and two first stages, of different seeds."""
    folder = tmp_path_factory.mktemp("stages")
    images = np.random.default_rng(0).integers(0, 256, (32, 8, 8), dtype=np.uint8)
    np.save(folder / "images.npy", images)
    for seed in (0, 1):
        first = {
            "generator": {**NETWORK, "vector": 3},
            "encoder": {"network": NETWORK, "quantizer": {"part": "vector", "size": 6}},
        }
        data = str(folder / "images.npy")
        gancore.train(VQVAE(**first), data, images=16, seed=seed, output=folder / f"first{seed}", **SHORT)
    return folder


def second(folder, name, first="first0", sampler=TRANSFORMER, images=32, **settings):
    return gancore.train(
        "code-prior",
        str(folder / "images.npy"),
        set={"sampler": sampler},
        init=folder / first,
        images=images,
        output=folder / name,
        **{**SHORT, **settings},
    )


@pytest.fixture(scope="module")
def trained(folder):
    return second(folder, "second", checkpoint_every=8, keep=9)


def test_the_first_stage_is_taken_from_its_run_and_stays_as_it_is(folder, trained):
    first = gancore.load(folder / "first0")
    recipe = trained.recipe
    for name in ("encoder", "generator"):
        theirs, ours = first.parts[name].state_dict(), getattr(recipe, name).state_dict()
        assert theirs.keys() == ours.keys() and all(torch.equal(theirs[key], ours[key]) for key in theirs)
        assert not any(p.requires_grad for p in getattr(recipe, name).parameters())
    assert recipe.sampler.training and not recipe.encoder.training and not recipe.generator.training
    assert bytes(recipe.sampler.first_stage.tolist()).hex() == weights_hash(first.encoder)
    log = RunFolder(folder / "second").log.reports[-1]["scalars"]
    assert 0 < log["sampler/cross_entropy"] < 3


def test_the_indices_are_those_of_the_first_stage(folder, trained):
    image = torch.from_numpy(np.load(folder / "images.npy")).float()[:, None] / 127.5 - 1
    expected = gancore.load(folder / "first0").encode(image)
    assert torch.equal(trained.recipe.derive({"image": image})["indices"], expected)


def test_the_saved_pipeline_samples_alone_on_another_path(folder, trained, tmp_path):
    shutil.copytree(folder / "second" / "pipeline", tmp_path / "elsewhere")
    away = folder / "first0"
    away.rename(folder / "away")
    try:
        pipeline = gancore.load(tmp_path / "elsewhere")
        assert torch.equal(pipeline.sample(3, seed=5), gancore.load(folder / "second").sample(3, seed=5))
        assert pipeline.draw(3, seed=5)[0].dtype == torch.int64
        assert pipeline.conditioner.quantizer is pipeline.encoder.quantizer
    finally:
        (folder / "away").rename(away)


def test_what_is_drawn_follows_options_that_are_set_when_sampling(folder, trained):
    pipeline = gancore.load(folder / "second")
    surest = pipeline.with_options({"sampler.top_k": 1}).draw(4, seed=1)[0]
    assert (surest == surest[:1]).all()  # greedy: all draws are the same
    assert not torch.equal(surest, pipeline.draw(4, seed=1)[0])
    cold = pipeline.with_options({"sampler.temperature": 1e-4}).draw(4, seed=1)[0]
    assert torch.equal(cold, surest)


def test_it_resumes_to_the_same_bits_also_without_the_first_stage(folder, trained, tmp_path):
    stopped = tmp_path / "stopped"
    shutil.copytree(folder / "second", stopped)
    whole = RunFolder(folder / "second").checkpoints[0]
    for checkpoint in RunFolder(stopped).checkpoints[:2]:
        shutil.rmtree(checkpoint)
    assert RunFolder(stopped).seen == 16
    (folder / "first0").rename(folder / "away")
    try:
        resume(stopped)
    finally:
        (folder / "away").rename(folder / "first0")
    for file in ("weights.safetensors", "training.safetensors"):
        expected = read_weights(whole / file)
        found = read_weights(RunFolder(stopped).checkpoints[0] / file)
        assert found.keys() == expected.keys() and all(torch.equal(found[k], expected[k]) for k in found)


def test_a_sampler_of_another_first_stage_is_refused_by_the_hash(folder, trained):
    sampler = {**TRANSFORMER, "from": f"{folder / 'second'}:sampler"}
    hashes = [weights_hash(gancore.load(folder / f"first{i}").encoder)[:12] for i in (0, 1)]
    with pytest.raises(FitError, match=f"trained over the first stage {hashes[0]}.*here is {hashes[1]}"):
        second(folder, "third", first="first1", sampler=sampler)
    again = second(folder, "fourth", sampler=sampler, images=8)  # over its own it is trained further
    assert again.images == 8


def test_a_first_stage_that_moved_is_named(folder):
    table = {
        seat: {**table, "from": f"{folder / 'gone'}:{seat}"}
        for seat, table in RunFolder(folder / "first0").recipe_table.items()
        if seat in ("encoder", "generator")
    }
    recipe = gancore.create("code-prior", {**table, "sampler": TRANSFORMER})
    with pytest.raises(SpecError, match="gone is missing; if it has moved, name the folder where it is now"):
        gancore.train(recipe, str(folder / "images.npy"), images=8, **SHORT)


def test_a_first_stage_must_be_named():
    with pytest.raises(SpecError, match=r"code-prior has no default for (generator|encoder)"):
        gancore.create("code-prior")


def test_labels_reach_the_sampler(folder):
    first = RunFolder(folder / "first0").recipe()
    recipe = CodePrior(
        generator=first.generator,
        encoder=first.encoder,
        sampler={**TRANSFORMER, "part": "transformer-labels"},
        image=(1, 8, 8),
        classes=3,
    )
    assert recipe.wants == {"image", "label"}
    pipeline = recipe.pipelines()["image"]
    assert pipeline.conditional
    assert pipeline.sample(2, label=torch.tensor([0, 2]), seed=0).shape == (
        2,
        1,
        8,
        8,
    )
    assert pipeline.sample(2, seed=0).shape == (2, 1, 8, 8)  # labels are drawn
