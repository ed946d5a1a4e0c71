"""Settings of DCGAN's networks for short trainings."""

from typing import Any

from gancore.component.presets import Preset
from gancore_dcgan.recipe import DCGAN

ADAM: dict[str, Any] = {
    "lr": 1e-3,
    "betas": [0.0, 0.99],
    "schedule": {"part": "cosine", "start": 1.0, "end": 0.2},
}
SHORT: dict[str, Any] = {
    "batch": 16,
    "loss": "gancore:relativistic-pairing",
    "regularizers": [{"part": f"gancore:{name}", "gamma": 0.5, "every": 4} for name in ("r1", "r2")],
    "average": {"half_life": 5000.0},
    "generator_optimizer": ADAM,
    "discriminator_optimizer": ADAM,
    "discriminator": {"part": "gancore-dcgan:dcgan-plain"},
}
CLASS = 16
"""Numbers of a class embedding beside the 100 of the latent."""
ABOUT = """Paper: networks of Radford et al. 2015 (DCGAN), arXiv:1511.06434, without normalization in the
    discriminator, whose penalties are of each image; loss and penalties of Huang et al. 2024 (R3GAN),
    arXiv:2501.05441, section 2, with γ = 0.5, in each fourth update as in Karras et al. 2019,
    arXiv:1912.04958, appendix B. Batch 16, and Adam (β₁ = 0, β₂ = 0.99) whose learning rate falls from 0.001
    to 0.0002 over the training, are gancore's own, found by `tools/first_minutes.py` on the emoji."""

RELATIVISTIC = Preset(
    name="dcgan-relativistic",
    base=DCGAN,
    doc=f"""DCGAN for trainings of minutes: the relativistic pairing game with R1 and R2, in small batches.

    {ABOUT}
    """,
    options=SHORT,
)
RELATIVISTIC_LABELS = Preset(
    name="dcgan-relativistic-labels",
    base=DCGAN,
    doc=f"""The same with labels: an embedding of the class beside the latent, and a projection of it on the
    discriminator's features.

    {ABOUT}
    """,
    options={
        **SHORT,
        "conditioner": {"part": "gancore:embedding", "size": CLASS},
        "generator": {"latent_size": 100 + CLASS},
        "discriminator": {"part": "gancore:projection", "network": {"part": "gancore-dcgan:dcgan-plain"}},
    },
)
PRESETS = (RELATIVISTIC, RELATIVISTIC_LABELS)
