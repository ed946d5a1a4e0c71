"""What a training moves besides weights, and whose it is.

State lies in any module of a player's parts, in plain layers too: running means and other things observed as
attributes, also in lists and dicts, and what a method `update_buffers` moves after each update of the player.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch import nn

from gancore.component.interfaces import Average
from gancore.component.part import Part
from gancore.component.running_mean import Observed
from gancore.errors import FitError
from gancore.nn.running_statistics import running_statistics
from gancore.recipes.base import Player, Recipe
from gancore.training.ranks import Ranks


def modules_of(player: Player) -> list[nn.Module]:
    """Every module of the player's parts and followers, once."""
    parts = [*player.parts, *player.followers]
    return list(dict.fromkeys(module for part in parts for module in part.modules()))


def observed(modules: Iterable[nn.Module]) -> list[Observed]:
    """The running means and the like that are attributes of the modules, also inside lists, tuples and
    dicts.
    """
    own = ({k: v for k, v in vars(m).items() if k not in _OF_ANY_MODULE} for m in modules)
    return list(dict.fromkeys(found for attributes in own for found in _observed_in(attributes)))


_OF_ANY_MODULE = frozenset(vars(nn.Module()))
"""The attributes that torch gives each module: weights, submodules, hooks."""


def updating(modules: Iterable[nn.Module]) -> list[Any]:
    """The modules that define `update_buffers`."""
    return [module for module in modules if _updates(module)]


def layers_with_statistics(modules: Iterable[nn.Module]) -> list[nn.Module]:
    """The batch normalizations among the modules that track running statistics."""
    return [module for module in modules if any(running_statistics(module, recurse=False))]


def join_statistics(layers: Iterable[nn.Module], ranks: Ranks) -> None:
    """Averages the running statistics of the layers in training mode over the ranks, which saw other rows."""
    if ranks.joined:
        several = [running_statistics(layer, recurse=False) for layer in layers if layer.training]
        buffers = [buffer for one in several for _, buffer in one]
        ranks.mean_in_place([buffer for buffer in buffers if buffer.is_floating_point()])


def check_owned(recipe: Recipe, players: Mapping[str, Player]) -> None:
    """Raises FitError, naming them, if weights would never be trained, or state never be updated, because
    they belong to no player.

    Averaged copies follow their originals, and frozen weights are not trained. A recipe without players
    computes its weights itself.
    """
    if not players:
        return
    averages = {m for average in recipe.modules() if isinstance(average, Average) for m in average.modules()}
    trained = {p for player in players.values() for part in player.parts for p in part.parameters()}
    owned = {module for player in players.values() for module in modules_of(player)}
    for path, module in recipe.named_modules():
        if module in averages:
            continue
        weights = [
            n for n, p in module._parameters.items() if p is not None and p.requires_grad and p not in trained
        ]
        if weights:
            raise FitError(_unowned(recipe, players, path, f"the weight {weights[0]}", "trained") + _FROZEN)
        if module not in owned and (_updates(module) or observed([module])):
            raise FitError(_unowned(recipe, players, path, "state", "updated"))


_FROZEN = "; or freeze them (frozen = true, or requires_grad_(False)) if they are not to be trained"


def _unowned(recipe: Recipe, players: Mapping[str, Player], path: str, what: str, done: str) -> str:
    holder = recipe.get_submodule(path)
    who = f"{holder.qualified_name} " if isinstance(holder, Part) else ""
    where = f"{who}at {path}" if path else "the recipe itself"
    return (
        f"{recipe.qualified_name}: {where} has {what}, which would never be {done}, because it belongs "
        f"to none of the players {', '.join(players)}; give the part to one of them in players()"
    )


def _updates(module: nn.Module) -> bool:
    method = getattr(type(module), "update_buffers", None)
    return callable(method) and method is not Part.update_buffers


def _observed_in(value: Any) -> Iterator[Observed]:
    if isinstance(value, Observed):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _observed_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _observed_in(inner)
