"""The contract kit: what every part promises, as checks that third parties run on theirs as we do on ours.

    from gancore.testing import contracts
    from gancore_x import XGenerator, XRegularizer

    @contracts(XGenerator, XRegularizer, expected_failures={})
    def test_contract(check):
        check()

Nothing in gancore imports this room. It needs hypothesis, and `contracts` needs pytest: the test dependencies of whoever uses it.
"""

try:
    import hypothesis as _hypothesis
except ImportError as error:  # pragma: no cover
    raise ImportError(
        "gancore.testing draws its trials with hypothesis, which is not installed; run `pip install pytest hypothesis`"
    ) from error

from gancore.testing import averages as _averages
from gancore.testing import every as _every
from gancore.testing import games as _games
from gancore.testing import losses as _losses
from gancore.testing import networks as _networks
from gancore.testing import optimizers as _optimizers
from gancore.testing import penalties as _penalties
from gancore.testing import recipes as _recipes
from gancore.testing import samplers as _samplers
from gancore.testing.check import Check, ContractError, check, checks_for, ensure
from gancore.testing.decorator import contracts
from gancore.testing.report import Result, check_distribution, run_checks
from gancore.testing.running import run_check
from gancore.testing.trial import Trial

__all__ = [
    "Check",
    "ContractError",
    "Result",
    "Trial",
    "check",
    "check_distribution",
    "checks_for",
    "contracts",
    "ensure",
    "run_check",
    "run_checks",
]
