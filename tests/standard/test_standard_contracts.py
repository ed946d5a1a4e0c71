"""The core's own parts keep the contracts."""

import pytest

from gancore.builtin import gancore_parts
from gancore.measure.extractors import Inception2015
from gancore.testing import contracts


@contracts(*(cls for cls in gancore_parts() if cls is not Inception2015))
def test_contract(check):
    check()


@pytest.mark.slow
@contracts(Inception2015)
def test_contract_of_the_large_extractor(check):
    check()
