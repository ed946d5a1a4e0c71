from gancore_ica import (
    ICA,
    Cube,
    Deflation,
    Exp,
    ICAEncoder,
    ICAGenerator,
    Laplace,
    LogCosh,
    Marginals,
    Parallel,
)

from gancore.testing import contracts


@contracts(ICA, ICAGenerator, ICAEncoder, LogCosh, Exp, Cube, Parallel, Deflation, Laplace, Marginals)
def test_contract(check):
    check()
