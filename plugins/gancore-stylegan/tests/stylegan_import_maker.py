"""Files laid out as NVIDIA's network pickles, made without NVIDIA's code: modules that write themselves as
saved classes with source.
"""

import pickle
import sys
import types
from contextlib import contextmanager

import torch
from torch import nn


def _reconstruct_persistent_obj(meta):
    raise AssertionError("only its name is written")


class EasyDict(dict):
    """Written by name."""


class Saved(nn.Module):
    """A module that is written as class name, source and state."""

    source, written_as = "", "Generator"

    def __reduce__(self):
        meta = {
            "type": "class",
            "version": 6,
            "module_src": self.source,
            "class_name": self.written_as,
            "state": dict(self.__dict__),
        }
        return _reconstruct_persistent_obj, (meta,)


@contextmanager
def _named():
    homes = {"torch_utils.persistence": _reconstruct_persistent_obj, "dnnlib.util": EasyDict}
    before = {thing: thing.__module__ for thing in homes.values()}
    modules = {name: types.ModuleType(name) for home in homes for name in (home.partition(".")[0], home)}
    for home, thing in homes.items():
        thing.__module__ = home
        setattr(modules[home], thing.__name__, thing)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
        for thing, home in before.items():
            thing.__module__ = home


def tree(tensors, *, source="", kwargs=None, name="Generator"):
    """A saved module with these tensors at their dotted names; `w_avg`, constants, filters and the like as
    buffers.
    """
    root = type("Saved", (Saved,), {"source": source, "written_as": name})()
    root.__dict__.update(_init_args=(), _init_kwargs=EasyDict(kwargs or {}))
    for dotted, value in tensors.items():
        *path, last = dotted.split(".")
        module = root
        for step in path:
            if step not in module._modules:
                module.add_module(step, type("Saved", (Saved,), {"source": source, "written_as": "Layer"})())
            module = module._modules[step]
        if last.endswith(("w_avg", "noise_const", "filter", "freqs", "phases", "transform", "magnitude_ema")):
            module.register_buffer(last, value.clone())
        else:
            module.register_parameter(last, nn.Parameter(value.clone()))
    return root


def network_pickle(networks, *, protocol=4, numpy=2, **beside):
    """Bytes of a pickle of such modules by name, with what lies beside them, and names of numpy 1 or 2."""
    with _named():
        rest = {
            "augment_pipe": None,
            "training_set_kwargs": EasyDict(class_name="training.dataset.ImageFolderDataset", max_size=9),
        }
        return _of_numpy(pickle.dumps({**beside, **networks, **rest}, protocol=protocol), numpy)


def _of_numpy(data, version):
    for home in (b"multiarray", b"numeric"):
        old, new = (b"numpy._core." + home, b"numpy.core." + home)[:: 1 if version == 1 else -1]
        for before, after in (
            (b"c%b\n", b"c%b\n"),
            (b"\x8c" + bytes([len(old)]) + b"%b", b"\x8c" + bytes([len(new)]) + b"%b"),
        ):
            data = data.replace(before % old, after % new)
    return data


KWARGS = {
    "z_dim": 6,
    "c_dim": 0,
    "w_dim": 6,
    "img_resolution": 8,
    "img_channels": 3,
    "mapping_kwargs": {"num_layers": 2},
    "synthesis_kwargs": {"channel_base": 32, "channel_max": 4, "num_fp16_res": 0},
}


def tiny_stylegan2():
    """Tensors of a StyleGAN2 generator for 8×8 images, by NVIDIA's names, fitting KWARGS."""
    draw = torch.Generator().manual_seed(0)
    shapes = {"mapping.w_avg": (6,), "synthesis.b4.const": (4, 4, 4)}
    shapes |= {
        f"mapping.fc{i}.{end}": shape for i in range(2) for end, shape in (("weight", (6, 6)), ("bias", (6,)))
    }
    for layer, size in (("b4.conv1", 4), ("b8.conv0", 8), ("b8.conv1", 8)):
        shapes |= {f"synthesis.{layer}.weight": (4, 4, 3, 3), f"synthesis.{layer}.noise_const": (size, size)}
        shapes |= {f"synthesis.{layer}.noise_strength": ()} | affine(f"synthesis.{layer}", 4)
    for layer in ("b4.torgb", "b8.torgb"):
        shapes |= {f"synthesis.{layer}.weight": (3, 4, 1, 1)} | affine(f"synthesis.{layer}", 3)
    made = {name: torch.randn(shape, generator=draw) for name, shape in shapes.items()}
    row = torch.tensor([1.0, 3, 3, 1]) / 8
    return made | {"synthesis.b8.conv0.resample_filter": row[:, None] * row}


def affine(layer, width):
    """The shapes of a layer's bias and of its style."""
    return {f"{layer}.bias": (width,), f"{layer}.affine.weight": (4, 6), f"{layer}.affine.bias": (4,)}


DISCRIMINATOR_KWARGS = {
    "c_dim": 0,
    "img_resolution": 8,
    "img_channels": 3,
    "channel_base": 32,
    "channel_max": 4,
    "block_kwargs": {"freeze_layers": 0},
}


def tiny_discriminator():
    """Tensors of the discriminator for 8×8 images, by NVIDIA's names, fitting DISCRIMINATOR_KWARGS."""
    draw = torch.Generator().manual_seed(1)
    shapes = {
        "b8.fromrgb.weight": (4, 3, 1, 1),
        "b8.conv0.weight": (4, 4, 3, 3),
        "b8.conv1.weight": (4, 4, 3, 3),
    }
    shapes |= {
        "b8.skip.weight": (4, 4, 1, 1),
        "b4.conv.weight": (4, 5, 3, 3),
        "b4.fc.weight": (4, 64),
        "b4.out.weight": (1, 4),
    }
    shapes |= {
        name.replace("weight", "bias"): shape[:1] for name, shape in shapes.items() if "skip" not in name
    }
    row = torch.tensor([1.0, 3, 3, 1]) / 8
    filters = {f"b8.{layer}.resample_filter": row[:, None] * row for layer in ("conv1", "skip")}
    return {name: torch.randn(shape, generator=draw) for name, shape in shapes.items()} | filters


def labeled(tensors, kwargs, label_layers=1):
    """The same with two classes: a generator's tensors and settings, or a discriminator's."""
    draw = torch.Generator().manual_seed(2)
    if "b4.out.weight" in tensors:
        more = {
            "b4.out.weight": (4, 4),
            "b4.out.bias": (4,),
            "mapping.embed.weight": (4, 2),
            "mapping.embed.bias": (4,),
        }
        more |= {
            f"mapping.fc{i}.{end}": (4, 4)[: 2 if end == "weight" else 1]
            for i in range(label_layers)
            for end in ("weight", "bias")
        }
    else:
        more = {"mapping.fc0.weight": (6, 12), "mapping.embed.weight": (6, 2), "mapping.embed.bias": (6,)}
    return tensors | {name: torch.randn(shape, generator=draw) for name, shape in more.items()}, kwargs | {
        "c_dim": 2
    }
