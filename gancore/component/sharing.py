"""Layers that several parts have in common, as the first layers of both generators of CoGAN, or that start
from the same weights.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gancore.component.ownership import in_build
from gancore.component.part import Part
from gancore.errors import FitError

__all__ = ["share", "start_alike"]


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
    _check_in_build(f"share {path} of {first.qualified_name}")
    layer = _layer(first, path)
    for other in others:
        replaced = _layer(other, path)
        if replaced is layer:
            continue
        _check(first, layer, other, replaced, path)
        with _staying_fresh(other, path):
            other.set_submodule(path, layer)


def start_alike(first: Part, path: str, *others: Part) -> None:
    """Gives the layer at `path` of the other parts the initial weights of that of `first`; they are trained
    apart. Call it in the `build` of the part that holds them, as `share`. Trained weights stay as they are.

    Raises:
        FitError: no `build` runs, a part has no layer there, or the layers differ.
    """
    _check_in_build(f"start {path} of {first.qualified_name} alike")
    layer = _layer(first, path)
    for other in others:
        replaced = _layer(other, path)
        _check_alike(
            layer, replaced, f"{first.qualified_name} and {other.qualified_name} cannot start {path} alike"
        )
        if first.pristine() and other.pristine():
            with _staying_fresh(other, path):
                replaced.load_state_dict(layer.state_dict())


@contextmanager
def _staying_fresh(part: Part, path: str) -> Iterator[None]:
    """What changes inside does not count as training, for the part and those that the path leads through."""
    fresh = [inner for inner in _holders(part, path) if inner.pristine()]
    yield
    for inner in fresh:
        inner.mark_fresh()


def _check_in_build(task: str) -> None:
    if not in_build():
        raise FitError(
            f"{task} in the build of the part that holds them all: done elsewhere, it is lost when "
            "layers are made anew as parts take their seats"
        )


def _layer(part: Part, path: str) -> nn.Module:
    part.require()
    try:
        if path:
            return part.get_submodule(path)
    except AttributeError:
        pass
    names = ", ".join(name for name, _ in part.named_children())
    raise FitError(f"{part.qualified_name} has no layer {path!r}; its layers: {names}")


def _check(first: Part, layer: nn.Module, other: Part, replaced: nn.Module, path: str) -> None:
    between = f"{first.qualified_name} and {other.qualified_name} cannot share {path}"
    _check_alike(layer, replaced, between)
    if [p.requires_grad for p in layer.parameters()] != [p.requires_grad for p in replaced.parameters()]:
        raise FitError(f"{between}: it is frozen in one of them only; freeze it in both or in none")
    mine, theirs = layer.state_dict(), replaced.state_dict()
    same = all(torch.equal(mine[name], theirs[name]) for name in mine)
    if not same and not other.pristine():
        raise FitError(
            f"{between}: the second holds trained weights, which would be lost; take both parts from "
            "the same run, or swap them"
        )


def _check_alike(layer: nn.Module, replaced: nn.Module, wrong: str) -> None:
    """Raises FitError, which begins with what is wrong, for layers that differ."""
    differing = _differing(layer.state_dict(), replaced.state_dict())
    if differing or str(layer) != str(replaced):
        raise FitError(f"{wrong}: the layers differ{differing}; give both parts the same options there")


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
