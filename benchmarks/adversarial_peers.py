"""The updates of SNGAN-32, WGAN-GP-32, BigGAN-32 and R3GAN-32 in checkouts of the repositories that they are
compared with.

Nothing of these is part of the library: the folders are named on the command line. Networks, losses and
penalties are theirs, with the settings that they publish for CIFAR-10; R3GAN's plain operators run, which it
has for processors. What they import for other purposes is replaced by empty modules.
"""

import importlib
import math
import sys
import types
from collections.abc import Callable
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Calls = dict[str, Callable[[], object]]


def absent(*names: str) -> None:
    """Puts empty modules in the place of those that are not installed and of which nothing is used."""
    for name in names:
        if name not in sys.modules and ("." in name or find_spec(name) is None):
            module: Any = types.ModuleType(name)
            sys.modules[name] = module
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, module)


def package(name: str, folder: Path) -> None:
    """Makes a package importable without running its `__init__`, which imports all the rest."""
    module: Any = types.ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module


def found(folder: Path, file: str, source: str) -> Path:
    """The folder, which must be a checkout of the source."""
    if not (folder / file).exists():
        raise SystemExit(f"{folder} is no checkout of {source}; clone it and name its folder")
    return folder


def mimicry(folder: Path, kind: str, image: Tensor) -> Calls:
    """SNGAN or WGAN-GP of torch-mimicry."""
    found(folder, "torch_mimicry/nets", "https://github.com/kwotsin/mimicry")
    for name in ("", "nets", "training"):
        package(".".join(filter(None, ["torch_mimicry", name])), folder / "torch_mimicry" / name)
    networks = importlib.import_module(f"torch_mimicry.nets.{kind}.{kind}_32")
    log = importlib.import_module("torch_mimicry.training.metric_log").MetricLog()
    prefix = {"sngan": "SNGAN", "wgan_gp": "WGANGP"}[kind]
    g, d = (getattr(networks, f"{prefix}{player}32")() for player in ("Generator", "Discriminator"))
    first, second = (torch.optim.Adam(m.parameters(), 2e-4, betas=(0.0, 0.9)) for m in (d, g))
    batch = image, None
    device = image.device
    return {
        "discriminator update": lambda: d.train_step(batch, g, first, log, device),
        "generator update": lambda: g.train_step(batch, d, second, log, device),
    }


def biggan(folder: Path, image: Tensor, label: Tensor) -> Calls:
    """BigGAN as launched for CIFAR-10, with one update of the discriminator in a step."""
    sys.path.append(str(found(folder, "BigGAN.py", "https://github.com/ajbrock/BigGAN-PyTorch")))
    absent("torchvision", "torchvision.transforms")
    # the checkout's own module of this name, which reads files, needs more packages
    unread: Any = types.ModuleType("datasets")
    unread.__getattr__ = lambda name: None
    sys.modules["datasets"] = unread
    networks, training = importlib.import_module("BigGAN"), importlib.import_module("train_fns")
    utils: Any = importlib.import_module("utils")
    settings = {
        "resolution": 32,
        "n_classes": 10,
        "G_attn": "0",
        "D_attn": "0",
        "G_init": "N02",
        "D_init": "N02",
        "G_lr": 2e-4,
        "D_lr": 2e-4,
        "G_ch": 64,
        "D_ch": 64,
    }
    g, d = networks.Generator(**settings), networks.Discriminator(**settings)
    kept = networks.Generator(**settings, skip_init=True, no_optim=True)
    z, y = utils.prepare_z_y(len(image), g.dim_z, 10, device="cpu")
    asked = {
        "batch_size": len(image),
        "num_D_steps": 1,
        "num_D_accumulations": 1,
        "num_G_accumulations": 1,
        "toggle_grads": True,
        "split_D": False,
        "D_ortho": 0.0,
        "G_ortho": 0.0,
        "ema": True,
    }
    average = utils.ema(g, kept, 0.9999, 1000)
    train = training.GAN_training_function(g, d, networks.G_D(g, d), z, y, average, {"itr": 2000}, asked)
    return {"step": lambda: train(image, label)}


def r3gan(folder: Path, width: int, image: Tensor) -> Calls:
    """R3GAN in the shape that it has for CIFAR-10, of another width, without augmentation."""
    sys.path.append(str(found(folder, "R3GAN/Networks.py", "https://github.com/brownvc/R3GAN")))
    absent("pkg_resources", "requests")
    versions: Any = sys.modules.get("pkg_resources")
    if versions is not None:
        versions.parse_version = lambda text: [int(part) for part in text.split("+")[0].split(".")[:2]]
    networks = importlib.import_module("R3GAN.Networks")
    training = importlib.import_module("R3GAN.Trainer").AdversarialTraining
    shape = [width] * 4, [width // 8] * 4, [2] * 4, 2
    g, d = networks.Generator(64, *shape), networks.Discriminator(*shape)
    kept, trainer = deepcopy(g).requires_grad_(False), training(g, d)
    optimizers = {m: torch.optim.Adam(m.parameters(), 2e-4, betas=(0.0, 0.9), eps=1e-8) for m in (g, d)}

    def update(module: nn.Module, accumulate: Callable[..., object], *more: float) -> None:
        optimizers[module].zero_grad(set_to_none=True)
        for each in (g, d):
            each.requires_grad_(each is module)
        accumulate(torch.randn(len(image), 64), image, None, *more)
        for weight in module.parameters():
            if weight.grad is not None:
                torch.nan_to_num(weight.grad, nan=0.0, posinf=1e5, neginf=-1e5, out=weight.grad)
        optimizers[module].step()

    @torch.no_grad()
    def average() -> None:
        decay = math.pow(0.5, len(image) / 1e5)
        for slow, fast in zip(kept.parameters(), g.parameters(), strict=True):
            slow.copy_(fast.lerp(slow, decay))

    def step() -> None:
        update(d, trainer.AccumulateDiscriminatorGradients, 0.05)
        update(g, trainer.AccumulateGeneratorGradients)
        average()

    return {"step": step}
