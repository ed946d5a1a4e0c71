from gancore_dbn import DBN, AssociativeMemory, DBNEncoder, DBNGenerator

from gancore.testing import contracts


@contracts(DBN, DBNGenerator, DBNEncoder, AssociativeMemory)
def test_contract(check):
    check()
