"""StyleGAN 1 to 3 as ONNX."""

import pytest
import torch
from gancore_stylegan import (
    LabeledStyleGAN2Mapping,
    RotationalStyleGAN3Synthesis,
    StyleGAN2Mapping,
    StyleGAN2Synthesis,
    StyleGAN3Synthesis,
    StyleGANMapping,
    StyleGANSynthesis,
)

from gancore.exporting import Chain, export_onnx
from gancore.pipeline import Pipeline
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal

SMALL = {"code_width": 4, "channels_base": 32, "channels_max": 4}
NETWORKS = {
    "stylegan": (StyleGANSynthesis(image=(3, 8, 8), **SMALL), ["noise"]),
    "stylegan2": (StyleGAN2Synthesis(image=(4, 8, 12), clamp=0.8, **SMALL), ["truncation", "noise"]),
    "stylegan3-t": (StyleGAN3Synthesis(image=(1, 8, 8), layers=3, clamp=0.8, **SMALL), []),
    "stylegan3-r": (RotationalStyleGAN3Synthesis(image=(3, 8, 8), layers=3, **SMALL), ["truncation"]),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name != "stylegan2" else []) for name in NETWORKS],
)
def test_a_stylegan_in_onnxruntime(name, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    generator, inputs = NETWORKS[name]
    labeled = name == "stylegan2"
    mapping = {"code": generator.code_shape, "latent_width": 4, "width": 4, "layers": 2}
    plain = StyleGANMapping if name == "stylegan" else StyleGAN2Mapping
    conditioner = LabeledStyleGAN2Mapping(classes=3, **mapping) if labeled else plain(**mapping)
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for part in (conditioner, generator):
            for value in part.parameters():
                value.add_(torch.randn(value.shape, generator=draw) * 0.3)
        conditioner.mean.normal_(generator=draw)
    labels = UniformLabels(classes=3) if labeled else None
    pipeline = Pipeline(
        sampler=Normal(latent=(4,)), conditioner=conditioner, generator=generator, labels=labels
    )
    chain, path = (
        Chain(pipeline, inputs=inputs, truncation=0.6 if name == "stylegan3-t" else 1.0),
        tmp_path / "chain.onnx",
    )
    print(f"{name}: {export_onnx(chain, path):.2g}")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [given.name for given in session.get_inputs()] == chain.names
    for n in (1, 7):
        given = chain.examples(n, seed=20 + n)
        expected = chain(*given.values())
        found = torch.from_numpy(session.run(None, {key: value.numpy() for key, value in given.items()})[0])
        assert found.shape == (n, *generator.image) and (found - expected).abs().max() < 1e-4
        assert expected.abs().max() <= 1 and expected.std() > 1e-3
