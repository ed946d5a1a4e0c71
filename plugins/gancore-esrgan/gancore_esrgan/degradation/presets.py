"""Settings of the degradations, as data."""

from gancore.component.presets import Preset
from gancore_esrgan.degradation.classical import ClassicalDegradation
from gancore_esrgan.degradation.second_order import SecondOrderDegradation

__all__ = ["PRESETS"]

PRESETS = (
    Preset(
        name="bicubic",
        base=ClassicalDegradation,
        doc="Bicubic reduction alone (Wang et al. 2018, arXiv:1809.00219).",
        options={"blur": "none"},
    ),
    Preset(
        name="second-order-mild",
        base=SecondOrderDegradation,
        doc="The second-order degradation for images of 32 to 128 pixels; its ranges are published nowhere.",
        options={
            "blur": {"sizes": (3, 7), "deviation": (0.2, 1.0)},
            "resize_range": (0.6, 1.2),
            "noise": {"gaussian": {"deviation": (1.0, 10.0)}, "poisson": {"scale": (0.05, 1.0)}},
            "compression": {"quality": (60.0, 95.0)},
            "second_blur": {"sizes": (3, 5), "deviation": (0.2, 0.6)},
            "second_resize_range": (0.7, 1.2),
            "second_noise": {"gaussian": {"deviation": (1.0, 8.0)}, "poisson": {"scale": (0.05, 0.8)}},
            "sinc": {"sizes": (3, 7), "cutoff": (1.5, 3.1)},
            "second_compression": {"quality": (60.0, 95.0)},
        },
    ),
)
"""Presets of kind `degradation`."""
