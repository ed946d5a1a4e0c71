"""How far ONNX files of the style line are from their pipelines: a markdown table.

    python tools/onnx_agreement.py

Networks of random weights, truncation as an input; the largest difference between images in [-1, 1] by
onnxruntime and by the pipeline, at batches of 1 and 7. Takes six minutes on one core, and needs
`gancore[onnx]`.
"""

import tempfile
from pathlib import Path
from typing import Any

import torch
from gancore_stylegan import (
    LabeledStyleGAN2Mapping,
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    RotationalStyleGAN3Synthesis,
    StyleGAN2Synthesis,
    StyleGAN3Synthesis,
    StyleGANMapping,
    StyleGANSynthesis,
)

from gancore.exporting import Chain, export_onnx
from gancore.pipeline import Pipeline
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal

TINY = {"channels_base": 128, "channels_max": 8}
TRIAL = {"channels_base": 8192, "channels_max": 256}
ROWS: list[tuple[str, type[Any], int, dict[str, int], int]] = [
    ("StyleGAN", StyleGANSynthesis, 16, TINY, 0),
    ("StyleGAN2", StyleGAN2Synthesis, 16, TINY, 0),
    ("StyleGAN2, residual", ResidualStyleGAN2Synthesis, 16, TINY, 0),
    ("StyleGAN2, plain", PlainStyleGAN2Synthesis, 16, TINY, 0),
    ("StyleGAN2, labels", StyleGAN2Synthesis, 16, TINY, 3),
    ("StyleGAN3-T", StyleGAN3Synthesis, 16, TINY, 0),
    ("StyleGAN3-R", RotationalStyleGAN3Synthesis, 16, TINY, 0),
    ("StyleGAN2", StyleGAN2Synthesis, 64, TRIAL, 0),
    ("StyleGAN3-T", StyleGAN3Synthesis, 64, TRIAL, 0),
    ("StyleGAN", StyleGANSynthesis, 256, TINY, 0),
    ("StyleGAN2", StyleGAN2Synthesis, 256, TINY, 0),
    ("StyleGAN3-R", RotationalStyleGAN3Synthesis, 256, TINY, 0),
]
"""Title, synthesis, side of the image, widths, classes."""


def pipeline(synthesis: type[Any], side: int, widths: dict[str, int], classes: int) -> Pipeline:
    """A pipeline whose every parameter is random, biases and noise strengths too."""
    generator = synthesis(image=(3, side, side), code_width=32, **widths)
    mapping = {"code": generator.code_shape, "latent_width": 32, "width": 32, "layers": 2}
    conditioner: Any = (
        LabeledStyleGAN2Mapping(classes=classes, **mapping) if classes else StyleGANMapping(**mapping)
    )
    with torch.no_grad():
        for value in (*conditioner.parameters(), *generator.parameters()):
            value.add_(torch.randn_like(value) * 0.3)
        conditioner.mean.normal_()
    labels = UniformLabels(classes=classes) if classes else None
    return Pipeline(sampler=Normal(latent=(32,)), conditioner=conditioner, generator=generator, labels=labels)


def main() -> None:
    torch.manual_seed(0)
    print("| network | image | widest | difference | MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain.onnx"
        for title, synthesis, side, widths, classes in ROWS:
            off = export_onnx(Chain(pipeline(synthesis, side, widths, classes), inputs=["truncation"]), path)
            print(
                f"| {title} | {side}×{side} | {widths['channels_max']} | {off:.1e} | "
                f"{path.stat().st_size / 1e6:.2g} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
