"""The contract kit: the contracts of all kinds of parts as checks, for the parts of the core and of third
parties alike.

    from gancore.testing import contracts
    from gancore_x import XGenerator, XRegularizer

    @contracts(XGenerator, XRegularizer, expected_failures={})
    def test_contract(check):
        check()

Nothing else in gancore imports this package. It needs hypothesis, and `contracts` needs pytest: test
dependencies of its users.
"""

from importlib.util import find_spec

if find_spec("hypothesis") is None:  # pragma: no cover
    raise ImportError(
        "gancore.testing draws its trials with hypothesis, which is not installed; "
        "run `pip install gancore[kit]`"
    )

# importing a module registers its checks; there is one for each kind, and `networks` for several
from gancore.testing import (  # noqa: F401
    augments,
    auxiliaries,
    averages,
    conditioners,
    constraints,
    discriminator_regularizers,
    discriminators,
    distances,
    encoders,
    extractors,
    generator_regularizers,
    generators,
    label_samplers,
    losses,
    networks,
    optimizers,
    parts,
    quantizers,
    recipes,
    samplers,
    schedules,
    scores,
)
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
