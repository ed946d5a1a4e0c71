"""Published settings by name, and small ones for a processor."""

from typing import Any

from gancore.component.presets import Preset
from gancore_cyclegan.cut import CUT
from gancore_cyclegan.recipe import CycleGAN
from gancore_cyclegan.unit import UNIT

__all__ = ["PRESETS"]


def _both(translator: dict[str, Any], discriminator: dict[str, Any] | None = None) -> dict[str, Any]:
    """The same options for both directions."""
    options = {"to_target": translator, "to_source": translator}
    if discriminator:
        options |= {"target_discriminator": discriminator, "source_discriminator": discriminator}
    return options


_TRANSLATOR: dict[str, Any] = {
    "part": "global-skip",
    "network": {"part": "resnet-antialiased", "width": 16, "blocks": 2},
}
"""A small translator of changes, with colors as they are, and blurs that leave no grid in flat areas."""
_FASTER: dict[str, Any] = {
    "average": {"part": "exponential", "ramp_up": 0.1},
    "generator_optimizer": {"lr": 4e-4},
    "discriminator_optimizer": {"lr": 8e-4},
    "batch": 4,
}
_LITTLE_R1 = [{"part": "r1", "gamma": 0.02}]
_STEADIER: dict[str, Any] = {"adversarial": 4.0, "identity": 0.0, "regularizers": _LITTLE_R1}
"""A larger adversarial term against discriminators that stay flat."""
_DISCRIMINATOR: dict[str, Any] = {"width": 32, "layers": 2}
"""Patches of 34×34."""


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
        name="cyclegan-small",
        base=CycleGAN,
        doc="""CycleGAN for images of about 32×32 on a processor: translators of 2 blocks that make the
        change of an image, patches of 34×34, faster discriminators with a little R1, a larger adversarial
        term and no identity term. Not from a paper.""",
        options={
            **_both(_TRANSLATOR, _DISCRIMINATOR),
            "cycle": 2.0,
            **_STEADIER,
            **_FASTER,
        },
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
    Preset(
        name="cut-small",
        base=CUT,
        doc="""CUT for images of about 32×32 on a processor, with the networks, R1 and adversarial weight of
        `cyclegan-small`, a contrast of weight 4 with 64 places in 64 channels, and the identity term. Not
        from a paper.""",
        options={
            "generator": _TRANSLATOR,
            "discriminator": {"part": "patchgan", **_DISCRIMINATOR},
            "contrast": {"width": 64, "patches": 64},
            **_STEADIER,
            "contrastive": 4.0,
            "identity": 1.0,
            **_FASTER,
        },
    ),
    Preset(
        name="unit-small",
        base=UNIT,
        doc="""UNIT for images of about 32×32 on a processor: width 16, patches of 34×34, and the weights of
        the later published code, with its least squares and discriminators without normalization; a little
        R1, faster translators, and domains that start alike. Not from a paper.""",
        options={
            **_both(
                {"encoder": {"width": 16, "blocks": 1}, "decoder": {"width": 16, "blocks": 1}},
                {"part": "patchgan-plain", **_DISCRIMINATOR},
            ),
            "loss": "least-squares",
            "adversarial": 2.0,
            "divergence": 0.01,
            "reconstruction": 10.0,
            "cycle_divergence": 0.01,
            "cycle": 10.0,
            "alike": True,
            "regularizers": _LITTLE_R1,
            **_FASTER,
            "generator_optimizer": {"lr": 1e-3},
            "discriminator_optimizer": {"lr": 1e-3},
        },
    ),
)
