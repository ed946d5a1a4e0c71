"""A pipeline that decodes codes is exported as any other, also where it looks for the nearest vectors."""

import pytest
import torch
from autoencoders import continuous, discrete, know_autoencoders
from small import SmallGenerator, know_small_parts

import gancore
from gancore.pipeline import Pipeline
from gancore.standard import Decoded, Identity, Normal

IMAGE = (3, 8, 8)


@pytest.mark.parametrize("first", [continuous, discrete], ids=["map", "codebook"])
def test_the_graph_takes_any_batch_and_gives_images(first, tmp_path):
    know_small_parts()
    know_autoencoders()
    stage = first(IMAGE)
    codes = SmallGenerator(image=tuple(stage.generator.code_shape))
    generator = Decoded(
        image=IMAGE, codes=codes, decoder=stage.generator, conditioner=stage.conditioner
    ).eval()
    made = Pipeline(sampler=Normal(latent=(4,)), conditioner=Identity(code=(4,)), generator=generator)
    made.save(tmp_path / "pipeline")
    gancore.export(tmp_path / "pipeline", format="torch", output=tmp_path / "codes.pt2")
    graph = torch.export.load(tmp_path / "codes.pt2").module()
    for count in (1, 5):
        latent, _ = made.draw(count, seed=count)
        torch.testing.assert_close(graph(latent), made.render(latent), atol=1e-5, rtol=1e-4)
