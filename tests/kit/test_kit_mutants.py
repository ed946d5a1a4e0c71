"""The kit is itself tested: honest parts pass, and every mutant is caught by the check named for it."""

import pytest
from kit_honest import HONEST
from kit_mutants import MUTANTS, Deaf, NotOffered

from gancore.component import discovery
from gancore.testing import checks_for, run_checks


@pytest.fixture(autouse=True, scope="module")
def offered():
    """A host that offers the honest parts and the mutants as well."""
    host = discovery.host
    made = discovery.Host()
    made.load(list(discovery.entry_points(group=discovery.GROUP)))
    made.registry.add("honest", HONEST)
    made.registry.add("mutants", [Deaf, *(cls for cls in MUTANTS if cls is not NotOffered)])
    discovery.host = lambda: made
    yield
    discovery.host = host


@pytest.mark.parametrize("cls", HONEST, ids=lambda cls: cls.__name__)
def test_honest_parts_pass(cls):
    failed = {r.check: r.reason for r in run_checks([cls]) if r.outcome not in ("passed", "skipped")}
    assert failed == {}


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
