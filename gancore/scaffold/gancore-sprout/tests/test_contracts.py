"""Every part keeps the promises of its interface. These lines stay as they are; add your new parts to the
list.
"""

from collections.abc import Callable

from gancore.testing import contracts
from gancore_sprout import SproutDiscriminator, SproutGenerator, SproutPenalty, SproutRecipe


@contracts(SproutGenerator, SproutDiscriminator, SproutPenalty, SproutRecipe, expected_failures={})
def test_contract(check: Callable[[], None]) -> None:
    """One promise of one part."""
    check()
