import sys
from pathlib import Path

import pytest

from gancore.component import discovery

# the mutants are a module of their own, which the second process of the kit imports too
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def offered():
    """A host that offers the honest parts and the mutants as well."""
    from kit_honest import HONEST
    from kit_mutants import MUTANTS, Deaf, NotOffered

    host = discovery.host
    made = discovery.Host()
    made.load(list(discovery.entry_points(group=discovery.GROUP)))
    made.registry.add("honest", HONEST)
    made.registry.add("mutants", [Deaf, *(cls for cls in MUTANTS if cls is not NotOffered)])
    discovery.host = lambda: made
    yield
    discovery.host = host
