"""The kit is itself tested: every mutant is caught by the check named for it."""

import pytest
from kit_honest import HONEST
from kit_mutants import MUTANTS

from gancore.testing import checks_for, run_checks

pytestmark = pytest.mark.usefixtures("offered")


@pytest.mark.parametrize("cls", MUTANTS, ids=lambda cls: cls.__name__)
def test_a_mutant_is_caught_by_the_check_named_for_it(cls):
    named, also = MUTANTS[cls]
    assert {named, *also} <= {check.name for check in checks_for(cls)}
    failed = {r.check: r.reason for r in run_checks([cls]) if r.outcome == "failed"}
    assert named in failed
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
