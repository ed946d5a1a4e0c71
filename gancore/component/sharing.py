"""Layers that several parts have in common, as the first layers of both generators of CoGAN."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from gancore.component.ownership import in_build
from gancore.component.part import Part
from gancore.errors import FitError

__all__ = ["share"]


def share(first: Part, path: str, *others: Part) -> None:
    """Makes the layer at `path` of `first` (`body`, `blocks.0`) the layer at the same path of the others.

    Call it in the `build` of the part that holds them, before averages are started. It runs again whenever
    that part is built, so the layer follows from the seed and the seat of `first`; it is trained once, by
    gradients from all of them, averaged and deep-copied as one layer, and stands in the weights of each part,
    so that each can be saved and loaded by itself. Specs do not mention it: the `build` says it.

    Raises:
        FitError: no `build` runs; a part has no layer there, the layers differ, one is frozen and the other
            is not, or a part holds trained weights there that would be lost.
    """
    if not in_build():
        raise FitError(
            f"share {path} of {first.qualified_name} in the build of the part that holds them all: shared "
            "elsewhere, it is made anew for each when they take their seats"
        )
    layer = _layer(first, path)
    for other in others:
        replaced = _layer(other, path)
        if replaced is layer:
            continue
        _check(first, layer, other, replaced, path)
        fresh = [part for part in _holders(other, path) if part.pristine()]
        other.set_submodule(path, layer)
        for part in fresh:
            part.mark_fresh()


def _layer(part: Part, path: str) -> nn.Module:
    part.require()
    try:
        if path:
            return part.get_submodule(path)
    except AttributeError:
        pass
    names = ", ".join(name for name, _ in part.named_children())
    raise FitError(f"{part.qualified_name} has no layer {path!r} to share; its layers: {names}")


def _check(first: Part, layer: nn.Module, other: Part, replaced: nn.Module, path: str) -> None:
    between = f"{first.qualified_name} and {other.qualified_name} cannot share {path}"
    mine, theirs = layer.state_dict(), replaced.state_dict()
    differing = _differing(mine, theirs)
    if differing or str(layer) != str(replaced):
        raise FitError(f"{between}: the layers differ{differing}; give both parts the same options there")
    if [p.requires_grad for p in layer.parameters()] != [p.requires_grad for p in replaced.parameters()]:
        raise FitError(f"{between}: it is frozen in one of them only; freeze it in both or in none")
    same = all(torch.equal(mine[name], theirs[name]) for name in mine)
    if not same and not other.pristine():
        raise FitError(
            f"{between}: the second holds trained weights, which would be lost; take both parts from "
            "the same run, or swap them"
        )


def _differing(mine: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> str:
    """The first weight that has other sizes in one than in the other, as both have it."""
    for name in {**mine, **theirs}:
        first, second = (tuple(held[name].shape) if name in held else "missing" for held in (mine, theirs))
        if first != second:
            return f" ({name} is {first} in the first, {second} in the second)"
    return ""


def _holders(part: Part, path: str) -> Iterator[Part]:
    """The part and the parts inside it that the path leads through."""
    steps = path.split(".")
    inner = (part.get_submodule(".".join(steps[:i])) for i in range(1, len(steps)))
    yield from dict.fromkeys([part, *(module for module in inner if isinstance(module, Part))])
