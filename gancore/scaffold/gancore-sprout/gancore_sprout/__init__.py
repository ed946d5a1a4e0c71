"""What the plugin offers. gancore imports this module by the entry point in pyproject.toml and asks for its
parts.
"""

from gancore import Part, hookimpl
from gancore_sprout.discriminator import SproutDiscriminator
from gancore_sprout.generator import SproutGenerator
from gancore_sprout.recipe import SproutRecipe
from gancore_sprout.regularizer import SproutPenalty

__all__ = ["SproutDiscriminator", "SproutGenerator", "SproutPenalty", "SproutRecipe"]

gancore_api = 1
"""The version of gancore's hooks and interfaces that this plugin is written for."""


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The parts, each under the name in its `@part`."""
    return [SproutRecipe, SproutGenerator, SproutDiscriminator, SproutPenalty]
