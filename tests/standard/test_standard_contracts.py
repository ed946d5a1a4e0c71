"""The core's own parts keep the contracts."""

from gancore.plugin import gancore_parts
from gancore.testing import contracts


@contracts(*gancore_parts())
def test_contract(check):
    check()
