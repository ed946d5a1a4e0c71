"""Published settings by name, and small ones for a processor."""

from typing import Any

from gancore.component.presets import Preset
from gancore_cyclegan.cut import CUT
from gancore_cyclegan.recipe import CycleGAN

__all__ = ["PRESETS"]


def _both(translator: dict[str, Any], discriminator: dict[str, Any] | None = None) -> dict[str, Any]:
    """The same options for both directions."""
    options = {"to_target": translator, "to_source": translator}
    if discriminator:
        options |= {"target_discriminator": discriminator, "source_discriminator": discriminator}
    return options


PRESETS = (
    Preset(
        name="cyclegan-horse2zebra",
        base=CycleGAN,
        doc="""CycleGAN without the identity term, for 256×256 images: 9 blocks, a pool of 50, batch size 1.

        Paper: Zhu et al. 2017, arXiv:1703.10593, section 4 and appendix 7; the identity term of section 5.2
        is that of paintings.""",
        options={**_both({"blocks": 9}), "identity": 0.0},
    ),
    Preset(
        name="cyclegan-paintings",
        base=CycleGAN,
        doc="""CycleGAN for paintings and photographs at 256×256, with the identity term of weight 0.5 λ.

        Paper: Zhu et al. 2017, arXiv:1703.10593, section 5.2.""",
        options={**_both({"blocks": 9}), "identity": 0.5},
    ),
    Preset(
        name="cyclegan-128",
        base=CycleGAN,
        doc="""CycleGAN for 128×128 images: 6 blocks.

        Paper: Zhu et al. 2017, arXiv:1703.10593, section 4; without the identity term.""",
        options={**_both({"blocks": 6}), "identity": 0.0},
    ),
    Preset(
        name="fastcut",
        base=CUT,
        doc="""CUT without the identity term, with a contrast of weight 10 and mirrored images; 200 epochs, of
        which 150 at a constant learning rate.

        Paper: Park et al. 2020, arXiv:2007.15651; epochs and mirroring as in the published code.""",
        options={
            "contrastive": 10.0,
            "identity": 0.0,
            "flips": 0.5,
            "epochs": 200,
            "generator_optimizer": {"schedule": {"part": "linear", "constant": 0.75}},
            "discriminator_optimizer": {"schedule": {"part": "linear", "constant": 0.75}},
        },
    ),
)
