"""Published StyleGAN2(-ADA) and StyleGAN3 generators as pipelines."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from attrs import frozen
from torch import Tensor

from gancore import Conditioner, Generator
from gancore.errors import CheckpointError, GancoreError
from gancore.pipeline import Pipeline
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal
from gancore.weights import load_state
from gancore_stylegan.mapping import StyleGANMapping
from gancore_stylegan.nvidia_names import from_stylegan2
from gancore_stylegan.published import Network
from gancore_stylegan.stylegan2_mapping import LabelledStyleGAN2Mapping
from gancore_stylegan.stylegan2_synthesis import StyleGAN2Synthesis
from gancore_stylegan.stylegan3_names import from_stylegan3
from gancore_stylegan.stylegan3_synthesis import RotationalStyleGAN3Synthesis, StyleGAN3Synthesis

LARGEST = 4096
"""Width of a layer and the like that settings may ask for."""
LARGEST_IMAGE, LARGEST_CLASSES = 2048, 100_000
ORDER = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels")
"""The settings of NVIDIA's generators, where they were given by position."""
FIXED = {"activation": "lrelu", "architecture": "skip", "use_noise": True, "embed_features": None, "layer_features": None}
"""Settings of StyleGAN2's networks that the networks here have no other value for."""
FIXED_3 = {
    "num_critical": 2,
    "first_cutoff": 2,
    "first_stopband": 2**2.1,
    "last_stopband_rel": 2**0.3,
    "margin_size": 10,
    "filter_size": 6,
    "lrelu_upsampling": 2,
}
"""The same of StyleGAN3's."""


@frozen
class Settings:
    """What NVIDIA's generators were made with, one table, the mapping's apart."""

    generator: dict[str, Any]
    mapping: dict[str, Any]

    @classmethod
    def of(cls, network: Network) -> "Settings":
        """From a saved generator. Raises CheckpointError when a table is none."""
        told = dict(zip(ORDER, network.init_args, strict=False)) | network.init_kwargs
        inner = [told.pop("mapping_kwargs", {}), told.pop("synthesis_kwargs", {})]
        if not all(isinstance(table, dict) for table in inner):
            raise CheckpointError("the network's settings of mapping and synthesis are no tables; it is damaged")
        return cls(told | inner[1], inner[0])

    def whole(self, name: str, default: int | None = None, *, least: int = 1, most: int = LARGEST) -> int:
        """A whole number of the generator's. Raises CheckpointError when it is none."""
        return _whole(name, self.generator.get(name, default), least, most)

    def check(self, fixed: Mapping[str, Any]) -> None:
        """Raises CheckpointError when a setting has another value than the one there is here."""
        for name, value in fixed.items():
            given = self.generator.get(name, self.mapping.get(name, value))
            if given != value and not (isinstance(value, float) and isinstance(given, float) and abs(given - value) < 1e-6):
                raise CheckpointError(f"the network was made with {name} {str(given)[:60]}; only {value} can be imported")


def import_generator(network: Network, *, noise: str = "random") -> Pipeline:
    """The pipeline of NVIDIA's generator: normal latents, its mapping, its synthesis. `noise` as in generator/stylegan2.

    Raises:
        CheckpointError: it is no generator of StyleGAN2(-ADA) with skips or StyleGAN3, settings are out of range, or weights do not fit.
    """
    tensors = {f"G.{name}": value.float() for name, value in network.tensors.items()}
    make: Callable[[Settings], Generator]
    if "G.synthesis.b4.const" in tensors:
        make, rename = partial(_stylegan2, noise=noise), from_stylegan2
    elif "G.synthesis.input.freqs" in tensors:
        make, rename = _stylegan3, from_stylegan3
    else:
        kind = network.class_name or "a state dict"
        raise CheckpointError(f"{kind} is no generator of NVIDIA's StyleGAN2-ADA or StyleGAN3; choose another network of the file")
    try:
        settings = Settings.of(network)
        _check_widths(settings, tensors)
        generator = make(settings)
        conditioner = _mapping(settings, generator, tensors)
        _fill({"generator": generator, "conditioner": conditioner}, rename(tensors))
        return _pipeline(conditioner, generator)
    except GancoreError as error:
        raise error if isinstance(error, CheckpointError) else CheckpointError(str(error)) from None


def _stylegan2(settings: Settings, noise: str) -> Generator:
    settings.check(FIXED)
    size = settings.whole("img_resolution", least=4, most=LARGEST_IMAGE)
    if size & (size - 1):
        raise CheckpointError(f"the network makes images of {size} pixels a side; StyleGAN2's are a power of two")
    return StyleGAN2Synthesis(image=(settings.whole("img_channels", most=64), size, size), noise=noise, **_widths(settings))


def _stylegan3(settings: Settings) -> Generator:
    settings.check(FIXED_3)
    size, layers = settings.whole("img_resolution", least=4, most=LARGEST_IMAGE), settings.whole("num_layers", 14, least=3, most=64)
    kind = settings.generator.get("conv_kernel", 3), settings.generator.get("use_radial_filters", False)
    if kind not in ((3, False), (1, True)):
        raise CheckpointError(
            f"the network has kernels of {str(kind[0])[:60]} and radial filters {str(kind[1])[:60]}; only T and R can be imported"
        )
    scale = settings.generator.get("output_scale", 0.25)
    if not isinstance(scale, float | int) or not 0 < scale < 1e6:
        raise CheckpointError(f"the network's output_scale is {str(scale)[:60]}, not a number above 0")
    made = RotationalStyleGAN3Synthesis if kind[1] else StyleGAN3Synthesis
    image = (settings.whole("img_channels", most=64), size, size)
    return made(image=image, layers=layers, output_scale=float(scale), **_widths(settings))


def _check_widths(settings: Settings, tensors: Mapping[str, Tensor]) -> None:
    """The widest layers must be as wide as told, so that a small file cannot ask for large networks."""
    widths = _widths(settings)
    classes, code = settings.whole("c_dim", 0, least=0, most=LARGEST_CLASSES), widths["code_width"]
    widest = min(widths["channels_base"] // 4, widths["channels_max"])
    found = next((tensors[name] for name in ("G.synthesis.b4.const", "G.synthesis.input.weight") if name in tensors), None)
    expected = {"G.mapping.fc0.weight": (code, settings.whole("z_dim") + (code if classes else 0))}
    expected |= {"G.mapping.embed.weight": (code, classes)} if classes else {}
    wrong = [name for name, shape in expected.items() if name not in tensors or tuple(tensors[name].shape) != shape]
    if wrong or found is None or not found.dim() or len(found) != widest:
        raise CheckpointError(
            f"the network's settings disagree with its weights ({', '.join(wrong) or 'width of the first layer'}); it is damaged"
        )


def _widths(settings: Settings) -> dict[str, int]:
    base = settings.whole("channel_base", 32768, most=2**24)
    return {"code_width": settings.whole("w_dim"), "channels_base": base, "channels_max": settings.whole("channel_max", 512)}


def _mapping(settings: Settings, generator: Generator, tensors: Mapping[str, Tensor]) -> Conditioner:
    layers = sum(re.fullmatch(r"G\.mapping\.fc\d+\.weight", name) is not None for name in tensors)
    multiplier = settings.mapping.get("lr_multiplier", 0.01)
    if not isinstance(multiplier, float | int) or not 0 < multiplier <= 1e3:
        raise CheckpointError(f"the network's lr_multiplier is {str(multiplier)[:60]}, not a number above 0")
    told: dict[str, Any] = {
        "code": generator.code_shape,
        "latent_width": settings.whole("z_dim"),
        "width": settings.whole("w_dim"),
        "layers": _whole("count of mapping layers", layers, 1, 64),
        "lr_multiplier": float(multiplier),
    }
    classes = settings.whole("c_dim", 0, least=0, most=LARGEST_CLASSES)
    return LabelledStyleGAN2Mapping(classes=classes, **told) if classes else StyleGANMapping(**told)


def _fill(parts: Mapping[str, Generator | Conditioner], weights: Mapping[str, Tensor]) -> None:
    for seat, part in parts.items():
        load_state(part, {name.removeprefix(f"{seat}."): value for name, value in weights.items() if name.startswith(f"{seat}.")})


def _pipeline(conditioner: Conditioner, generator: Generator) -> Pipeline:
    classes = getattr(conditioner, "classes", 0)
    labels = UniformLabels(classes=classes) if classes else None
    return Pipeline(sampler=Normal(latent=conditioner.latent_shape), conditioner=conditioner, generator=generator, labels=labels)


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise CheckpointError(f"the network's {name} is {str(value)[:60]}, not a whole number from {least} to {most}")
    return value
