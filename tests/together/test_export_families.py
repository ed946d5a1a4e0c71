"""A pipeline of every family as ONNX, without what StyleGAN's own tests try."""

import pytest

from gancore.component.discovery import registry
from gancore.component.specs import build
from gancore.exporting import Chain, export_onnx

SLOW = ("gan", "vae")
"""Whose layers are those of the others too."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in ("gan", "dcgan", "vae", "pca", "cyclegan")
    ],
)
def test_a_family_in_onnxruntime(name, tmp_path):
    pytest.importorskip("onnxruntime")
    cls = registry().find("recipe", name)
    recipe = build({"part": name, **cls.examples[0]})
    recipe.bind(facts={"image": (3, 16, 16), "source": (3, 16, 16)})
    for key, pipeline in recipe.pipelines().items():
        chain = Chain(pipeline)
        assert chain.names == [pipeline.reads or "latent"]
        assert export_onnx(chain, tmp_path / f"{key}.onnx") < 1e-4
    assert (name == "cyclegan") == (key == "backward")
