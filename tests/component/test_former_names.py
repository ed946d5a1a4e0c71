"""A part that moved to another distribution, or was renamed, is found by the names that older specs hold."""

from typing import ClassVar

import pytest

from gancore.component.part import Part, interface, part
from gancore.component.registry import Registry
from gancore.errors import AmbiguousPart, UnknownPart


@interface("moving")
class Moving(Part):
    """A kind for these tests."""


@part("house")
class House(Moving):
    """A part that moved and was renamed."""

    former_names: ClassVar = ("gancore-old:house", "gancore-old:hut")


@part("villa")
class Villa(House):
    """Made of the other; it never had its names."""


@part("hut")
class Hut(Moving):
    """Another part, of the old name."""


@part("castle")
class Castle(Moving):
    """Says that it was the hut, too."""

    former_names: ClassVar = ("gancore-old:hut",)


@pytest.fixture
def registry():
    made = Registry()
    made.add("gancore", [House, Villa])
    return made


@pytest.mark.parametrize("name", ["house", "gancore:house", "gancore-old:house", "gancore-old:hut"])
def test_all_its_names_lead_to_it(registry, name):
    assert registry.find("moving", name) is House


def test_specs_written_today_hold_todays_name(registry):
    assert registry.name_of(House) == "gancore:house"
    assert [offer.qualified_name for offer in registry.registrations()] == ["gancore:house", "gancore:villa"]


@pytest.mark.parametrize("name", ["hut", "gancore:hut", "gancore-old:villa", "gancore-older:house"])
def test_no_other_name_does(registry, name):
    with pytest.raises(UnknownPart):
        registry.find("moving", name)


def test_who_has_the_name_today_goes_before(registry):
    registry.add("gancore-old", [Hut])
    assert registry.find("moving", "gancore-old:hut") is Hut
    assert registry.find("moving", "gancore-old:house") is House


def test_a_name_that_two_parts_claim_is_an_error_only_when_used(registry):
    registry.add("gancore-new", [Castle])
    assert registry.find("moving", "castle") is Castle
    with pytest.raises(
        AmbiguousPart, match="moving 'hut' is offered by 2 plugins; write gancore:house or gancore-new:castle"
    ):
        registry.find("moving", "gancore-old:hut")
