"""The comments of a shown recipe."""

import tomllib

import pytest

import gancore
from gancore import create, spec
from gancore.component.specs import to_toml


@pytest.mark.parametrize("name", ["dcgan", "vae", "stylegan2", "cyclegan", "loss/hinge"])
def test_comments_change_nothing(name):
    text = gancore.show(name)
    assert tomllib.loads(text) == tomllib.loads(to_toml(spec(create(name))))


def test_help_range_and_what_may_stand_in_a_seat_are_comments():
    lines = gancore.show("dcgan").splitlines()
    rate = lines[lines.index("lr = 0.0002") - 1]
    assert rate == "# learning rate; a number, at least 0"
    above = lines[lines.index("[loss]") - 1]
    assert above.startswith("# ") and above.endswith("what may stand here: `gancore list loss`")
    assert "`gancore list" in lines[lines.index("regularizers = []") - 1]
