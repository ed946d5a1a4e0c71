"""A family's autoencoder as the first stage of another family's game."""

import torch

import gancore
from gancore.standard import Decoded


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
