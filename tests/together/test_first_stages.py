"""A family's autoencoder as the first stage of another family's game."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from small import SmallGenerator, know_small_parts

import gancore
from gancore.component.discovery import host, registry
from gancore.component.part import seats
from gancore.data import open_data
from gancore.data.code_maps import encoded
from gancore.data.first_stage import FirstStage
from gancore.errors import FitError
from gancore.pipeline import Pipeline
from gancore.standard import Decoded, Identity, Normal
from gancore.testing.trial import configurations


def autoencoders():
    """A pipeline with an encoder of each recipe that has one, untrained, by the recipe's name."""
    found = {}
    for offer in registry().registrations("recipe"):
        names = {place.name for place in seats(offer.cls)}
        plays = "discriminator" in names and "encoder" not in names
        if plays or offer.distribution not in host().versions:
            continue
        pipeline = next(iter(configurations(offer.cls)[0].make().pipelines().values()))
        if pipeline.encoder is not None:
            found[offer.cls.name] = pipeline
    return found


def test_every_autoencoder_is_a_first_stage_or_says_why_not(tmp_path):
    """What is drawn is decoded, and the saved pipeline gives the same images."""
    know_small_parts()
    taken, refused = [], []
    for name, pipeline in autoencoders().items():
        if pipeline.encoder.conditional or pipeline.conditioner.conditional:
            with pytest.raises(FitError, match="reads labels"):
                FirstStage(deepcopy(pipeline))
            refused.append(name)
            continue
        stage = FirstStage(pipeline.with_options({}))
        images = np.random.default_rng(0).random((6, *stage.image), dtype=np.float32)
        data = encoded(open_data(images, layout="NCHW"), stage, None)
        codes = SmallGenerator(image=data.image)
        drawing = Pipeline(sampler=Normal(latent=(4,)), conditioner=Identity(code=(4,)), generator=codes)
        decoded = data.decoded(drawing)
        before = decoded.sample(2, seed=0)
        decoded.save(tmp_path / name)
        assert before.shape == (2, *pipeline.generator.image), name
        assert torch.equal(gancore.load(tmp_path / name).sample(2, seed=0), before), name
        taken.append(name)
    assert {"vae", "vq-vae"} <= {*taken} and len(taken) >= 12, (taken, refused)


def test_dcgan_on_the_codes_of_vq_vae_snaps_to_its_codebook(tmp_path):
    network = {"part": "vq-vae", "width": 4, "blocks": 1}
    first = {
        "generator": {**network, "vector": 3},
        "encoder": {"network": network, "quantizer": {"part": "vector", "size": 6}},
    }
    often = {"images": 8, "batch": 4, "evaluate_every": 0, "progress": False}
    gancore.train(gancore.create("vq-vae", first), size=64, output=tmp_path / "first", **often)
    small = {"generator.width": 2, "discriminator.width": 2}
    made = gancore.train("dcgan", set=small, first_stage=tmp_path / "first", output=tmp_path / "run", **often)
    assert made.recipe.image == (3, 16, 16)
    pipeline = gancore.load(tmp_path / "run")
    assert isinstance(pipeline.generator, Decoded) and pipeline.sample(2, seed=0).shape == (2, 3, 64, 64)
    book, seen = pipeline.generator.conditioner.quantizer.vectors.detach(), []
    pipeline.generator.decoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    pipeline.sample(2, seed=0)
    rows = seen[0].movedim(1, -1).unsqueeze(-2)  # (N, h, w, 1, D)
    assert (rows - book).norm(dim=-1).min(-1).values.max() < 1e-6
    assert torch.equal(book, gancore.load(tmp_path / "first").conditioner.quantizer.vectors)
