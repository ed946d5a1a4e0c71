"""Options are checked alike in every part."""

import attrs
import pytest

import gancore
from gancore.component.discovery import registry
from gancore.component.part import option_fields
from gancore.component.validators import above, at_least, one_of, whole, within
from gancore.data.options import ImageOptions
from gancore.errors import DataError, SpecError, UserError
from gancore.latent.guidance import Guidance
from gancore.recipes.growing import GrowingGAN
from gancore.runs.settings import Settings
from gancore.standard.optimizers import Adam

NUMERIC = [
    (found.cls, option)
    for found in registry().registrations()
    for option in option_fields(found.cls)
    if option.type in (int, float) and option.validator is not None
]


@attrs.define
class Options:
    """An option of each sort."""

    width: int = attrs.field(default=1, validator=whole(1))
    weight: float = attrs.field(default=1.0, validator=at_least(0))
    slope: float = attrs.field(default=1.0, validator=above(0))
    fraction: float = attrs.field(default=1.0, validator=within(0, 1))
    noise: str = attrs.field(default="none", validator=one_of("random", "none"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 1.5}, "width must be a whole number, at least 1; got 1.5"),
        ({"width": True}, "width must be a whole number, at least 1; got True"),
        ({"width": "a"}, "width must be a whole number, at least 1; got 'a'"),
        ({"width": 0}, "width must be a whole number, at least 1; got 0"),
        ({"weight": float("nan")}, "weight must be a number, at least 0; got nan"),
        ({"slope": 0}, "slope must be a number above 0; got 0"),
        ({"fraction": 2}, "fraction must be a number from 0 to 1; got 2"),
        ({"noise": "loud"}, "noise must be one of random, none; got 'loud'"),
        ({"noise": ["none"]}, r"noise must be one of random, none; got \['none'\]"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(changes, words):
    with pytest.raises(ValueError, match=f"^{words}$"):
        Options(**changes)


def test_a_whole_number_will_do_where_a_float_is_asked():
    assert Options(weight=2, slope=1, fraction=0).weight == 2


def refuses(cls, option, value):
    """Whether the option refuses a value with a sentence that names it, not with a bare TypeError."""
    try:
        attrs.fields_dict(cls)[option.name].validator(None, option, value)
    except (ValueError, TypeError) as error:
        return not isinstance(error, TypeError) and option.name in str(error)
    return False


@pytest.mark.parametrize("wrong", [True, "a", float("nan"), None], ids=repr)
def test_every_numeric_option_refuses_what_is_no_number(wrong):
    taken = [
        f"{cls.kind}/{cls.name}.{option.name}" for cls, option in NUMERIC if not refuses(cls, option, wrong)
    ]
    assert len(NUMERIC) > 300 and taken == []


def test_every_numeric_option_has_a_range():
    bare = [
        f"{found.cls.kind}/{found.cls.name}.{option.name}"
        for found in registry().registrations()
        for option in option_fields(found.cls)
        if option.type in (int, float) and option.validator is None
        if found.cls.__module__.startswith("gancore")  # other tests offer parts of their own
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": 1.5}, "setting: images must be a whole number, at least 1; got 1.5"),
        ({"images": True}, "setting: images must be a whole number, at least 1; got True"),
        ({"batch": "a"}, "setting: batch must be a whole number, at least 1; got 'a'"),
        ({"precision": "fp8"}, "setting: precision must be one of float32, bf16, auto; got 'fp8'"),
    ],
)
def test_settings_of_a_training_are_checked_alike(changes, words):
    with pytest.raises(UserError, match=f"^{words}$"):
        Settings.of(**changes)


@pytest.mark.parametrize("steps", [1.5, True, "a", 0])
def test_steps_of_a_search_are_a_whole_number(steps):
    with pytest.raises(UserError, match=rf"needs a whole number of steps, at least 1; got {steps!r}"):
        Guidance(steps=steps)


@pytest.mark.parametrize("betas", [(False, False), ("a", "a"), 0.5, (0.5,), (0.5, 1.0)])
def test_betas_are_two_numbers(betas):
    with pytest.raises(ValueError, match=r"betas must be two numbers in \[0, 1\); got"):
        Adam(betas=betas)


@pytest.mark.parametrize("multipliers", ["a", {"hue": True}, {"hue": 2}, {"hug": 0.5}])
def test_multipliers_are_a_table_of_shares(multipliers):
    with pytest.raises(SpecError, match="multipliers"):
        gancore.create("augment/ada", multipliers=multipliers)


@pytest.mark.parametrize("rates", [[[True, 1.0]], [[8, True]], [[8, "a"]], 3])
def test_rates_by_size_are_pairs_of_numbers(rates):
    option = attrs.fields(GrowingGAN).rates
    with pytest.raises(ValueError, match="rates must be pairs of a size and a number above 0"):
        option.validator(None, option, option.converter(rates))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"channels": True}, "channels must be a whole number, at least 1; got True"),
        ({"fit": "fill"}, "fit must be one of crop, pad, stretch, random; got 'fill'"),
        ({"bits": 12}, "bits must be one of 8, 16; got 12"),
        ({"mirror": "yes"}, "mirror must be one of False, True; got 'yes'"),
    ],
)
def test_image_options_are_checked_alike(options, words):
    with pytest.raises(DataError, match=f"^{words}$"):
        ImageOptions(**options)
