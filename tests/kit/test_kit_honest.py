"""The kit is itself tested: parts that keep every promise pass."""

import pytest
from kit_honest import HONEST

from gancore.testing import run_checks

pytestmark = pytest.mark.usefixtures("offered")


@pytest.mark.parametrize("cls", HONEST, ids=lambda cls: cls.__name__)
def test_honest_parts_pass(cls):
    failed = {r.check: r.reason for r in run_checks([cls]) if r.outcome not in ("passed", "skipped")}
    assert failed == {}
