"""Presets are data: a name, a base, options, and options computed from facts."""

import pytest
from small import SmallDiscriminator, SmallGenerator, know_small_parts

from gancore import Preset, TwoPlayerGAN, build, create, describe, list_parts, spec, train
from gancore.component.derived import left_open
from gancore.component.discovery import registry
from gancore.component.part import field, part
from gancore.component.registry import Registry
from gancore.component.specs import assign, from_toml, to_toml
from gancore.errors import AmbiguousPart, SpecError, UnknownPart
from gancore.standard.regularizers import R1

WIDE = Preset(
    name="wide",
    base=TwoPlayerGAN,
    doc="Wide networks.\n\nAnd more about them.",
    options={
        "generator": {"part": "gancore-small:small", "width": 6},
        "discriminator": {"part": "gancore-small:small", "width": 9},
        "regularizers": [{"part": "gancore:r1", "every": 4}],
        "batch": 8,
    },
)
BY_SIZE = Preset(
    name="by-size",
    base=TwoPlayerGAN,
    doc="Follows the size of the images.",
    options={"generator": "small", "discriminator": "small", "regularizers": [{"part": "r1", "every": 4}]},
    derived={
        "batch": lambda image: 2 * image[1],
        "generator.width": lambda image: image[2],
        "regularizers.0.gamma": lambda image, batch: image[1] * image[2] / batch,
        "regularizers.1.gamma": lambda: 99.0,
    },
)


@pytest.fixture(autouse=True, scope="module")
def offered():
    know_small_parts()
    if not any(known.distribution == "gancore-presets" for known in registry().presets()):
        registry().add("gancore-presets", [], [WIDE, BY_SIZE])


def seen(recipe, image=(3, 8, 16)):
    recipe.bind(facts={"image": image, "classes": 0}, by="the data")
    return recipe


def test_a_preset_builds_its_base_with_its_options():
    recipe = build("wide")
    assert type(recipe) is TwoPlayerGAN
    assert (recipe.generator.width, recipe.discriminator.width, recipe.batch) == (6, 9, 8)
    assert spec(recipe)["part"] == "gancore-presets:wide"
    assert spec(build(from_toml(to_toml(spec(recipe))))) == spec(recipe)
    assert spec(seen(recipe))["part"] == "gancore:two-player"


def test_what_is_given_goes_before_a_preset():
    recipe = build({"part": "gancore-presets:wide", "generator": {"noise": 0.5}, "batch": 2})
    assert (recipe.generator.width, recipe.generator.noise, recipe.batch) == (6, 0.5, 2)
    # a table that names its part, or a part, replaces the one in the preset
    other = WIDE(generator={"part": "gancore-small:small"}, discriminator=SmallDiscriminator(width=3))
    assert (other.generator.width, other.discriminator.width) == (SmallGenerator().width, 3)


def test_an_option_of_a_preset_is_checked_like_any_other():
    with pytest.raises(SpecError, match=r"generator.width takes int; got 'a'"):
        build({"part": "wide", "generator": {"width": "a"}})
    with pytest.raises(SpecError, match=r"has no field 'bach'; did you mean 'batch'"):
        build({"part": "wide", "bach": 3})


def test_options_follow_from_facts_once_these_are_known():
    recipe = build("by-size")
    table = spec(recipe)
    assert table["part"] == "gancore-presets:by-size" and "batch" not in table
    assert "gamma" not in table["regularizers"][0] and "width" not in table["generator"]
    assert seen(recipe).batch_size == 16
    assert (recipe.generator.width, recipe.regularizers[0].gamma) == (16, 8 * 16 / 16)
    assert recipe.generator.linear.in_features == 16 and len(recipe.regularizers) == 1
    saved = spec(recipe)
    assert (saved["part"], saved["batch"]) == ("gancore:two-player", 16)
    assert spec(seen(build(saved))) == saved
    # what is shown before the facts are known follows other images
    assert seen(build(table), (3, 4, 8)).regularizers[0].gamma == 4 * 8 / 8


def test_facts_that_come_at_once_and_facts_that_change_are_followed():
    recipe = BY_SIZE(image=(3, 8, 16))
    assert recipe.built and recipe.generator.linear.in_features == 16
    again = BY_SIZE()
    again.bind(facts={"image": (3, 8, 16)}, by="the data")
    assert all((p == q).all() for p, q in zip(recipe.parameters(), again.parameters(), strict=True))


@pytest.mark.parametrize(
    ("change", "gamma", "batch"),
    [
        ({"batch": 4}, 32.0, 4),
        ({"regularizers": [{"part": "r1", "gamma": 5.0}]}, 5.0, 16),
        ({"regularizers": ["r1"]}, 8.0, 16),
        ({"regularizers": []}, None, 16),
    ],
)
def test_a_value_that_is_given_goes_before_a_rule(change, gamma, batch):
    recipe = seen(build({"part": "by-size", **change}))
    assert ([r.gamma for r in recipe.regularizers] or [None])[0] == gamma
    assert recipe.batch_size == batch
    assert spec(seen(BY_SIZE(**change))) == spec(recipe)


def test_a_part_that_is_given_keeps_its_options():
    assert seen(BY_SIZE(regularizers=[R1(gamma=5)])).regularizers[0].gamma == 5


def test_set_goes_before_a_rule():
    table = spec(build("by-size"))
    assign(table, "regularizers.0.gamma", "3.0")
    assert seen(build(table)).regularizers[0].gamma == 3


def test_a_rule_that_computes_what_the_option_does_not_take_is_an_error():
    rules = {"regularizers.0.gamma": lambda: -1.0}
    wrong = Preset(name="wrong", base=TwoPlayerGAN, doc="Wrong.", options=WIDE.options, derived=rules)
    with pytest.raises((ValueError, SpecError), match="gamma"):
        seen(wrong())


def test_an_option_cannot_be_given_and_derived():
    with pytest.raises(SpecError, match="the preset wrong gives and derives batch; leave one out"):
        Preset(name="wrong", base=TwoPlayerGAN, doc="", options=WIDE.options, derived={"batch": lambda: 3})


@part("derives")
class Derives(TwoPlayerGAN):
    """A class may hold rules as well."""

    derived = {"regularizers.0.gamma": lambda image: float(image[1])}
    width: int = field(default=1)


@pytest.mark.parametrize(
    ("given", "gamma"),
    [(["r1"], 8), ([R1()], 10), ([{"part": "r1", "gamma": 2.0}], 2)],
)
def test_a_class_with_rules(given, gamma):
    small = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator()}
    assert seen(Derives(**small, regularizers=given)).regularizers[0].gamma == gamma


def test_left_open():
    rules = dict.fromkeys(("a", "b.0.c", "d.e"))
    assert list(left_open(rules, {})) == ["a", "b.0.c", "d.e"]
    assert list(left_open(rules, {"a": 0, "b": [{"x": 1}], "d": {"e": None}})) == ["b.0.c"]
    assert list(left_open(rules, {"b": [object()], "d": "name"})) == ["a", "d.e"]


def test_the_registry_knows_presets():
    found = Registry()
    found.add("gancore-a", [Derives], [WIDE])
    assert found.preset("recipe", "wide") is found.preset("recipe", "gancore-a:wide") is WIDE
    assert found.base_of("recipe", "wide") is TwoPlayerGAN and found.base_of("recipe", "derives") is Derives
    assert [known.qualified_name for known in found.presets("recipe")] == ["gancore-a:wide"]
    assert found.preset("recipe", "derives") is found.preset("loss", "wide") is None
    with pytest.raises(
        UnknownPart, match=r"there is no recipe 'wid'; did you mean 'wide'\? known: derives, wide"
    ):
        found.find("recipe", "wid")
    with pytest.raises(SpecError, match="gancore-b offers recipe/wide more than once"):
        found.add("gancore-b", [], [WIDE, WIDE])
    with pytest.raises(SpecError, match=r"offers 3 as a preset; hand over Preset\(name=…, base=…\)"):
        found.add("gancore-b", [], [3])
    found.add("gancore-b", [], [Preset(name="wide", base=TwoPlayerGAN, doc="Another.")])
    with pytest.raises(AmbiguousPart, match="write gancore-a:wide or gancore-b:wide"):
        found.preset("recipe", "wide")


def test_presets_are_created_listed_and_described_like_parts():
    image = (3, 8, 16)
    recipe = create("by-size", {"batch": 4}, image=image)
    assert (recipe.built, recipe.batch, recipe.regularizers[0].gamma) == (True, 4, 8 * 16 / 4)
    assert create("recipe/gancore-presets:wide").batch == 8
    (listed,) = list_parts("recipe", pattern="by-siz?")
    assert (listed.distribution, listed.summary) == ("gancore-presets", "Follows the size of the images.")
    described = describe("by-size")
    assert (described.name, described.distribution) == ("by-size", "gancore-presets")
    assert described.doc.endswith("A preset of recipe/two-player.")
    assert described["batch"].default == "batch derived" and describe("wide")["batch"].default == "8"
    assert describe(build("wide")).name == "wide"


def test_the_folder_of_a_run_is_named_like_its_preset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train(build("wide"), "emoji", images=8, evaluate_every=0, device="cpu")
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name == "0001-wide"
    assert 'part = "gancore:two-player"' in (folder / "recipe.toml").read_text(encoding="utf-8")
