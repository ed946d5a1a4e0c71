from gancore_rbm import (
    RBM,
    AnnealedGibbs,
    ContinuedGibbs,
    ContrastiveDivergence,
    GaussianRBMGenerator,
    Gibbs,
    ParallelTempering,
    Persistent,
    RBMEncoder,
    RBMGenerator,
)

from gancore.testing import contracts

PHASES = (ContrastiveDivergence, Persistent, ParallelTempering)


@contracts(RBM, RBMGenerator, GaussianRBMGenerator, RBMEncoder, *PHASES, Gibbs, AnnealedGibbs, ContinuedGibbs)
def test_contract(check):
    check()
