import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import MeanConditioner, SmallDiscriminator, SmallGenerator, know_small_parts

from gancore import TwoPlayerGAN, build, part, seat, spec
from gancore.component.interfaces import Loss, Optimizer
from gancore.component.specs import assign, from_toml, read_toml, to_toml
from gancore.component.weights import load_state
from gancore.errors import CheckpointError, SpecError, UnknownPart
from gancore.standard.losses import Hinge
from gancore.standard.optimizers import SGD, Adam
from gancore.standard.regularizers import R1

IMAGE = (3, 4, 4)


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


def game(**fields):
    return TwoPlayerGAN(**{"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), **fields})


def test_a_part_turns_into_a_spec_and_back():
    made = game(loss=Hinge(), regularizers=[R1(gamma=2)], conditioner=MeanConditioner())
    table = spec(made)
    assert table["part"] == "gancore:two-player"
    assert table["generator"] == {"part": "gancore-small:small", "width": 4, "noise": 0.0}
    again = build(from_toml(to_toml(table)))
    assert spec(again) == table


def test_python_and_toml_start_from_the_same_bits():
    made = game()
    made.bind(facts={"image": IMAGE}, by="the data", seed=3)
    again = build(from_toml(to_toml(spec(game()))))
    again.bind(facts={"image": IMAGE}, by="the data", seed=3)
    for (name, mine), (_, other) in zip(made.state_dict().items(), again.state_dict().items(), strict=True):
        assert torch.equal(mine, other), name


def test_what_a_neighbor_told_is_left_out():
    made = game()
    made.bind(facts={"image": IMAGE}, by="the data")
    assert "image" not in spec(made) and "image" not in spec(made)["generator"]
    assert spec(made, complete=True)["generator"]["image"] == [3, 4, 4]
    assert spec(game(image=IMAGE))["image"] == [3, 4, 4]


@part("made-by-factories")
class MadeByFactories(TwoPlayerGAN):
    """Seats whose defaults a function makes: a part, a name, a table."""

    generator_optimizer: Optimizer = seat(factory=lambda: Adam(lr=0.5, betas=(0.25, 0.5)))
    discriminator_optimizer: Optimizer = seat(factory=lambda: "sgd")
    loss: Loss = seat(factory=lambda: {"part": "least-squares", "real_target": 2.0})


def test_a_table_without_a_part_changes_what_a_factory_makes():
    made = MadeByFactories(
        generator=SmallGenerator(),
        discriminator=SmallDiscriminator(),
        generator_optimizer={"lr": 0.1},
        discriminator_optimizer={"lr": 0.2},
        loss={"fake_target": -2.0},
    )
    assert (made.generator_optimizer.lr, made.generator_optimizer.betas) == (0.1, (0.25, 0.5))
    assert isinstance(made.discriminator_optimizer, SGD) and made.discriminator_optimizer.lr == 0.2
    assert (made.loss.real_target, made.loss.fake_target) == (2.0, -2.0)


def test_a_table_without_a_part_changes_the_default():
    made = build(
        {
            "part": "two-player",
            "generator": "small",
            "discriminator": "small",
            "generator_optimizer": {"lr": 0.1},
        }
    )
    assert made.generator_optimizer.lr == 0.1 and made.discriminator_optimizer.lr == 2e-4


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            {"generator": {"part": "small", "widht": 3}},
            r"generator.widht: generator/small has no field 'widht'; did you mean 'width'\?",
        ),
        ({"generator": {"part": "small", "width": "3"}}, r"generator.width takes int; got '3' \(str\)"),
        ({"generator": {"part": "small", "width": 1.5}}, r"generator.width takes int; got 1.5 \(float\)"),
        ({"generator": {"part": "small", "width": True}}, r"generator.width takes int; got True \(bool\)"),
        ({"loss": 3}, "loss takes a loss: a name or a table; got 3"),
        ({"regularizers": "r1"}, r"regularizers is a list of discriminator-regularizer parts; got 'r1'"),
        ({"regularizers": [{"part": "r1", "gamma": -1}]}, "regularizers.0: .*gamma"),
        (
            {"generator": {"part": 3}},
            "generator needs the key part, the name of its generator, as text; got 3",
        ),
        ({"gancore": 99}, "the spec has version 99; this gancore reads 1 to 1"),
        ({"loss": "hinqe"}, "there is no loss 'hinqe'; did you mean 'hinge'"),
    ],
)
def test_a_wrong_spec_says_where_and_what(table, text):
    base = {"part": "two-player", "generator": "small", "discriminator": "small"}
    with pytest.raises((SpecError, UnknownPart), match=text):
        build({**base, **table})


def test_fields_are_set_by_path():
    table = spec(game(regularizers=[R1()]))
    assign(table, "generator.width", "7")
    assign(table, "regularizers.0.gamma", "2.5")
    assign(table, "loss", "hinge")
    assign(table, "generator_optimizer.betas", "[0.0, 0.9]")
    made = build(table)
    assert made.generator.width == 7 and made.regularizers[0].gamma == 2.5
    assert isinstance(made.loss, Hinge) and made.generator_optimizer.betas == (0.0, 0.9)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("regularizers.3.gamma", "the list has 1 entries; give an index from 0 to 0"),
        ("batch.size", "batch is 64, which has no fields"),
    ],
)
def test_a_path_that_leads_nowhere(path, text):
    with pytest.raises(SpecError, match=text):
        table = spec(game(regularizers=[R1()]))
        assign(table, path, "1")


def test_a_name_on_the_path_becomes_a_table():
    table = {"part": "two-player", "generator": "small", "regularizers": ["r1"]}
    assign(table, "generator.width", "9")
    assign(table, "regularizers.0.gamma", "2")
    assign(table, "discriminator", "small")
    made = build(table)
    assert made.generator.width == 9 and made.regularizers[0].gamma == 2


def test_what_has_no_default_is_named():
    with pytest.raises(
        SpecError,
        match=r"recipe/two-player has no default for generator \(a generator\), "
        r"discriminator \(a discriminator\); set it",
    ):
        build("two-player")


def test_broken_toml_says_where(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("part = ]")
    with pytest.raises(SpecError, match="mine.toml is not valid TOML: .*line 1"):
        read_toml(file)
    with pytest.raises(SpecError, match="cannot read the spec"):
        read_toml(tmp_path / "absent.toml")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda s: (
            st.lists(s, max_size=3)
            | st.dictionaries(
                st.sampled_from(["part", "generator", "loss", "batch", "from", "frozen", "x"]), s, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_no_table_whatever_gives_another_error_than_ours(value):
    from gancore.errors import GancoreError

    try:
        build({"part": "two-player", "generator": "small", "discriminator": "small", "loss": value})
    except GancoreError:
        pass


def test_weights_are_taken_from_a_run_and_layers_frozen(tmp_path):
    from gancore.pipeline import Pipeline

    old = game(image=IMAGE)
    with torch.no_grad():
        old.generator.linear.weight.fill_(5)
    Pipeline(sampler=old.sampler, conditioner=old.conditioner, generator=old.generator).save(
        tmp_path / "pipeline"
    )
    table = spec(game())
    table["generator"] |= {"from": f"{tmp_path}:generator", "frozen": ["linear.weight"]}
    made = build(table)
    made.bind(facts={"image": IMAGE}, by="the data")
    assert bool((made.generator.linear.weight == 5).all())
    assert not made.generator.linear.weight.requires_grad and made.generator.linear.bias.requires_grad
    assert spec(made)["generator"]["from"] == f"{tmp_path}:generator"


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ({"from": "nowhere"}, "from takes FOLDER:NAME"),
        ({"from": "nowhere:generator"}, "nowhere is missing; if it has moved, name the folder where it is"),
        ({"frozen": ["conv"]}, "no weight of generator/small starts with 'conv'; its layers: linear"),
        ({"frozen": 3}, "frozen takes true, false or a list of layer names; got 3"),
    ],
)
def test_a_wrong_source_of_weights_is_explained(extra, text):
    table = spec(game(image=IMAGE))
    table["generator"] |= extra
    with pytest.raises(SpecError, match=text):
        build(table)


def test_weights_of_another_shape_are_named():
    with pytest.raises(
        CheckpointError,
        match=r"linear.weight is \(1, 1\), here \(48, 4\); linear.bias is missing; other is not known here",
    ):
        load_state(SmallGenerator(image=IMAGE), {"linear.weight": torch.zeros(1, 1), "other": torch.zeros(1)})


@pytest.mark.parametrize(
    ("extra", "begins"),
    [
        ({"from": "nowhere"}, "from takes FOLDER:NAME"),
        ({"from": "nowhere:generator"}, "nowhere:generator: nowhere is missing"),
        ({"frozen": 3}, "frozen takes true"),
        ({"frozen": ["conv"]}, "frozen: no weight of generator/small"),
    ],
)
@pytest.mark.parametrize("where", ["", "generator"])
def test_a_place_is_named_once_or_not_at_all(extra, begins, where):
    with pytest.raises(SpecError) as error:
        build({"part": "small", "image": list(IMAGE), **extra}, "generator", where=where)
    assert str(error.value).startswith(f"{where}: {begins}" if where else begins)


@pytest.mark.parametrize("where", ["", "runs/7"])
def test_weights_that_do_not_fit_are_told_with_or_without_a_place(where):
    with pytest.raises(CheckpointError) as error:
        load_state(SmallGenerator(image=IMAGE), {}, where=where)
    assert str(error.value).startswith(
        "runs/7: the weights" if where else "the weights do not fit generator/small: "
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_recipe_is_read_as_editors_and_shells_write_it(tmp_path, encoding):
    text = '# Größe\r\npart = "gan"\r\n'
    (tmp_path / "mine.toml").write_bytes(text.encode(encoding))
    assert read_toml(tmp_path / "mine.toml") == {"part": "gan"}


def test_a_recipe_in_another_encoding_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "mine.toml").write_bytes("# Größe".encode("cp1252"))
    with pytest.raises(SpecError, match="save it as UTF-8"):
        read_toml(tmp_path / "mine.toml")
