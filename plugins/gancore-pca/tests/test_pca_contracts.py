from gancore_pca import PCA, PCAEncoder, PCAGenerator

from gancore.testing import contracts


@contracts(PCA, PCAGenerator, PCAEncoder)
def test_contract(check):
    check()
