"""Both parts keep the promises of their interfaces."""

from collections.abc import Callable

from gancore.testing import contracts
from gancore_siren import LeCam, Siren


@contracts(Siren, LeCam, expected_failures={})
def test_contract(check: Callable[[], None]) -> None:
    """One promise of one part."""
    check()
