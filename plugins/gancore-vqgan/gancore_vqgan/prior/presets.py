"""Settings of second stages: the published ones, and small ones."""

from gancore import Preset
from gancore_vqgan.prior.recipe import CodePrior

__all__ = ["PRESETS"]

FACES = Preset(
    name="code-prior-faces",
    base=CodePrior,
    doc="""The transformer of CelebA-HQ and FFHQ at 256×256, as released: 24 blocks of width 1664 with 16
    heads.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841; the released settings, for 16×16 indices of 1024.
    """,
    options={"sampler": {"part": "gancore-vqgan:transformer", "layers": 24, "heads": 16, "width": 1664}},
)
IMAGENET = Preset(
    name="code-prior-imagenet",
    base=CodePrior,
    doc="""The transformer of ImageNet at 256×256 with labels, of 1.4 billion weights: 48 blocks of width 1536
    with 24 heads.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841; for 16×16 indices of 16,384.
    """,
    options={
        "sampler": {"part": "gancore-vqgan:transformer-labels", "layers": 48, "heads": 24, "width": 1536}
    },
)
MASKGIT = Preset(
    name="code-prior-maskgit",
    base=CodePrior,
    doc="""MaskGIT for ImageNet with labels: 24 blocks of width 768, batch 256, Adam with betas 0.9 and 0.96.

    Paper: Chang et al. 2022 (MaskGIT), arXiv:2202.04200, section 4, which does not say the learning rate: it
    is 1e-4 here.
    """,
    options={
        "sampler": {"part": "gancore-vqgan:maskgit-labels"},
        "batch": 256,
        "optimizer": {"part": "gancore:adam", "lr": 1e-4, "betas": [0.9, 0.96]},
    },
)
SMALL = Preset(
    name="code-prior-small",
    base=CodePrior,
    doc="""A transformer for trials on a processor: 6 blocks of width 128 with 4 heads.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841. The sizes, a learning rate of 1e-3 and dropout of 0.1
    are gancore's own.
    """,
    options={
        "sampler": {
            "part": "gancore-vqgan:transformer",
            "layers": 6,
            "heads": 4,
            "width": 128,
            "dropout": 0.1,
        },
        "optimizer": {"lr": 1e-3},
    },
)
PRESETS = (FACES, IMAGENET, MASKGIT, SMALL)
