"""The updates of a StyleGAN2 or StyleGAN3-T in a checkout of https://github.com/NVlabs/stylegan3, with its
plain operators.

Nothing of it is part of the library: the folder is named on the command line. Settings are those of its
training script where they change the speed: no fused modulation while training, everything in float32.
"""

import re
import sys
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus


def load(folder: Path, kind: str) -> Any:
    """The module with the generator, and that with the discriminator."""
    if not (folder / "training" / f"networks_{kind}.py").exists():
        raise SystemExit(
            f"{folder} is no checkout of https://github.com/NVlabs/stylegan3; clone it and name its folder"
        )
    sys.path.insert(0, str(folder))
    # the first is gone from today's setuptools, and compares versions; of the second, which need not be
    # installed, nothing is used
    for name in ("pkg_resources", "requests"):
        if name not in sys.modules and find_spec(name) is None:
            sys.modules[name] = types.ModuleType(name)
    compared: Any = sys.modules.get("pkg_resources")
    if compared is not None:
        compared.parse_version = lambda text: [int(number) for number in re.findall(r"\d+", text)[:2]]
    from torch_utils.ops import bias_act, filtered_lrelu, upfirdn2d
    from training import networks_stylegan2, networks_stylegan3

    for operators in (bias_act, filtered_lrelu, upfirdn2d):
        operators._init = lambda: False
    return {"stylegan2": networks_stylegan2, "stylegan3": networks_stylegan3}[kind], networks_stylegan2


def reference(
    folder: Path, kind: str, size: int, base: int, most: int, image: Tensor
) -> dict[str, Callable[[], object]]:
    """Its calls by name, each on a batch as large as that of the images."""
    makers, judges = load(folder, kind)
    widths = {"channel_base": base, "channel_max": most, "num_fp16_res": 0}
    more: dict[str, Any] = (
        {"mapping_kwargs": {"num_layers": 2}}
        if kind == "stylegan3"
        else {"fused_modconv_default": "inference_only"}
    )
    device, n = image.device, len(image)
    g = makers.Generator(512, 0, 512, size, 3, **widths, **more).to(device)
    d = judges.Discriminator(0, size, 3, **widths, epilogue_kwargs={"mbstd_group_size": 4}).to(device)
    optimizers = {
        module: torch.optim.Adam(module.parameters(), lr=0.002, betas=(0.0, 0.99), eps=1e-8)
        for module in (g, d)
    }
    label, mean = torch.zeros(n, 0, device=device), torch.zeros((), device=device)

    def codes(count: int) -> Tensor:
        w = g.mapping(torch.randn(count, 512, device=device), label[:count])
        if kind == "stylegan3":
            return w
        other = g.mapping(torch.randn(count, 512, device=device), label[:count])
        cut = int(torch.randint(1, w.shape[1], ()))
        return torch.cat([w[:, :cut], other[:, cut:]], dim=1)

    def sampling() -> None:
        g.eval()
        with torch.no_grad():
            g(torch.randn(n, 512, device=device), label)
        g.train()

    def update(module: Any, loss: Callable[[], Tensor]) -> None:
        for each in (g, d):
            each.requires_grad_(each is module)
        optimizers[module].zero_grad(set_to_none=True)
        loss().backward()
        optimizers[module].step()

    def discriminator_loss() -> Tensor:
        with torch.no_grad():
            fake = g.synthesis(codes(n))
        return softplus(d(fake, label)).mean() + softplus(-d(image, label)).mean()

    def r1() -> Tensor:
        real = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(d(real, label).sum(), real, create_graph=True)
        return gradient.square().sum((1, 2, 3)).mean() * 5

    def path_length() -> Tensor:
        w = codes(n // 2)
        made = g.synthesis(w)
        direction = torch.randn_like(made) / size
        (gradient,) = torch.autograd.grad((made * direction).sum(), w, create_graph=True)
        return (gradient.square().sum(2).mean(1).sqrt() - mean).square().mean() * 2

    return {
        "sampling": sampling,
        "generator update": lambda: update(g, lambda: softplus(-d(g.synthesis(codes(n)), label)).mean()),
        "discriminator update": lambda: update(d, discriminator_loss),
        "R1": lambda: update(d, r1),
        "path length": lambda: update(g, path_length),
    }
