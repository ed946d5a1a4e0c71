"""The updates of VQGAN's first stage in a checkout of CompVis/taming-transformers.

Nothing of it is part of the library: the folder is named on the command line. Networks, quantizer and
discriminator are its own; the two updates are those of its training, which needs Lightning and torchvision to
run, without the perceptual distance.
"""

import importlib
import sys
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SOURCE = "https://github.com/CompVis/taming-transformers"


def permuted(x: Tensor, how: str) -> Tensor:
    """What `einops.rearrange` does with such words as `b c h w -> b h w c`."""
    before, after = (side.split() for side in how.split("->"))
    return x.permute([before.index(name) for name in after])


def modules(folder: Path) -> Any:
    """The checkout's modules of networks, quantizer and discriminator."""
    if not (folder / "taming/models/vqgan.py").exists():
        raise SystemExit(f"{folder} is no checkout of {SOURCE}; clone it and name its folder")
    sys.path.append(str(folder))
    if find_spec("einops") is None:
        stand_in: Any = types.ModuleType("einops")
        stand_in.rearrange = permuted
        sys.modules["einops"] = stand_in
    names = ("diffusionmodules.model", "vqvae.quantize", "discriminator.model")
    return [importlib.import_module(f"taming.modules.{name}") for name in names]


class Autoencoder(nn.Module):
    """Encoder, quantizer and decoder with the convolutions between them."""

    def __init__(self, model: Any, quantize: Any, sizes: dict[str, Any], vectors: int) -> None:
        super().__init__()
        wide = sizes["z_channels"]
        self.encoder, self.decoder = model.Encoder(**sizes), model.Decoder(**sizes)
        self.quantize = quantize.VectorQuantizer2(vectors, wide, beta=0.25)
        self.before, self.after = nn.Conv2d(wide, wide, 1), nn.Conv2d(wide, wide, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        code, loss, _ = self.quantize(self.before(self.encoder(image)))
        return self.decoder(self.after(code)), loss


def step_of(
    folder: Path, sizes: dict[str, Any], vectors: int, image: Tensor, rate: float
) -> Callable[[], None]:
    """One step: the update of the autoencoder, then that of the discriminator on new reconstructions."""
    model, quantize, judge = modules(folder)
    whole = Autoencoder(model, quantize, sizes, vectors)
    d = judge.NLayerDiscriminator(input_nc=3, n_layers=3, ndf=64).apply(judge.weights_init)
    first, second = (torch.optim.Adam(m.parameters(), rate, betas=(0.5, 0.9)) for m in (whole, d))
    last = whole.decoder.conv_out.weight

    def autoencoder() -> None:
        d.requires_grad_(False)
        made, codebook = whole(image)
        likeness, adversarial = (image - made).abs().mean(), -d(made).mean()
        sizes = [torch.autograd.grad(x, last, retain_graph=True)[0].norm() for x in (likeness, adversarial)]
        weight = (sizes[0] / (sizes[1] + 1e-4)).clamp(0.0, 1e4).detach() * 0.8
        first.zero_grad()
        (likeness + weight * adversarial + codebook).backward()
        first.step()
        d.requires_grad_(True)

    def discriminator() -> None:
        whole.requires_grad_(False)
        made, _ = whole(image)
        real, fake = d(image), d(made.detach())
        second.zero_grad()
        (0.5 * (functional.relu(1 - real).mean() + functional.relu(1 + fake).mean())).backward()
        second.step()
        whole.requires_grad_(True)

    def step() -> None:
        autoencoder()
        discriminator()

    return step
