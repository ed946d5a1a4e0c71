"""The kit is itself tested: every mutant is caught by the check named for it."""

from unittest import SkipTest

import pytest
from kit_honest import HONEST
from kit_mutants import MUTANTS

from gancore.testing import checks_for, run_check, run_checks

pytestmark = pytest.mark.usefixtures("offered")


mutants = pytest.mark.parametrize("cls", MUTANTS, ids=lambda cls: cls.__name__)


def fails(cls, check):
    try:
        run_check(cls, check)
    except SkipTest:
        return False
    except Exception:
        return True
    return False


@mutants
def test_a_mutant_is_caught_by_the_check_named_for_it(cls):
    named, also = MUTANTS[cls]
    expected = {check.name: check for check in checks_for(cls) if check.name in {named, *also}}
    assert set(expected) == {named, *also}
    assert [name for name, check in expected.items() if not fails(cls, check)] == []


@pytest.mark.slow
@mutants
def test_a_mutant_is_caught_by_no_other_check(cls):
    named, also = MUTANTS[cls]
    failed = {r.check: r.reason for r in run_checks([cls]) if r.outcome == "failed"}
    assert set(failed) == {named, *also}, failed


def test_every_check_has_a_mutant(capsys):
    checks = {check.name for cls in [*MUTANTS, *HONEST] for check in checks_for(cls)}
    caught = {named for named, _ in MUTANTS.values()} | {
        name for _, also in MUTANTS.values() for name in also
    }
    with capsys.disabled():
        print(f"\n{len(MUTANTS)} mutants, each caught by the check named for it; {len(checks)} checks")
    assert len(MUTANTS) >= 101
    assert checks - caught == set()
