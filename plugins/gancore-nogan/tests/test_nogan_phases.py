"""The phases as a function of the images seen."""

import pytest
from gancore_nogan.phases import ADVERSARIAL, DISCRIMINATOR, GENERATOR, Phases

from gancore.errors import UserError


def test_phases_follow_each_other():
    phases = Phases(1000, 0.8, 0.15)
    assert phases.ends == (800, 950, 1000)
    assert [phases.span(phase) for phase in range(3)] == [(0, 800), (800, 950), (950, 1000)]
    begun = {0: GENERATOR, 799: GENERATOR, 800: DISCRIMINATOR, 949: DISCRIMINATOR, 950: ADVERSARIAL}
    assert {images: phases.at(images) for images in begun} == begun
    assert phases.at(1000) == phases.at(1200) == ADVERSARIAL


def test_the_share_of_a_phase_that_has_passed():
    phases = Phases(1000, 0.8, 0.1)
    assert [phases.passed(DISCRIMINATOR, images) for images in (700, 800, 825, 900, 950)] == [
        0,
        0,
        0.25,
        1,
        1,
    ]


@pytest.mark.parametrize(("batch", "checks"), [(1, 5), (4, 5), (7, 5), (10, 10), (25, 4)])
def test_checks_lie_at_equal_distances_in_the_last_phase(batch, checks):
    phases = Phases(1000, 0.7, 0.2)
    ends = [images + batch for images in range(0, 1000, batch)]
    inside = [end for end in ends if phases.at(end - batch) == ADVERSARIAL]
    found = [end for end in inside if phases.due(checks, end - batch, end)]
    wanted = [next(e for e in ends if e >= 900 + n * 100 // checks) for n in range(1, checks + 1)]
    assert found == sorted(set(wanted)) and found[-1] >= 1000


def test_without_checks_none_is_due():
    assert not any(Phases(100, 0.5, 0.25).due(0, images, images + 1) for images in range(100))


@pytest.mark.parametrize(
    ("total", "batch", "named"),
    [
        (10, 1, "the adversarial phase"),
        (40, 8, "the discriminator alone"),
        (100, 90, "the adversarial phase"),
    ],
)
def test_a_phase_without_a_step_is_refused(total, batch, named):
    with pytest.raises(UserError, match=f"{named} never begins: it lies between .* train on more images"):
        Phases(total, 0.85, 0.14).check(batch)


def test_phases_that_all_have_a_step_are_accepted():
    Phases(100, 0.8, 0.1).check(8)
    Phases(3, 0.34, 0.34).check(1)


def test_a_training_of_unknown_length_has_no_phases():
    with pytest.raises(UserError, match="whose length is not known; give the images"):
        Phases(0, 0.8, 0.1)
