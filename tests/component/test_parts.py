import copy
import subprocess
import sys
from collections.abc import Sequence

import pytest
import torch
from small import SmallDiscriminator, SmallGenerator
from torch import nn

from gancore import TwoPlayerGAN
from gancore.component.interfaces import Conditioner, Generator, Sampler
from gancore.component.part import Part, children, fact, field, part, seat
from gancore.component.validators import whole
from gancore.errors import FactError, FitError, SpecError
from gancore.standard.losses import Hinge
from gancore.standard.regularizers import R1
from gancore.standard.samplers import Normal

IMAGE = (3, 4, 4)


def game(**fields):
    return TwoPlayerGAN(**{"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), **fields})


def test_a_part_waits_until_its_facts_are_told():
    waiting = game()
    assert waiting.missing() == ["image"]
    assert not waiting.built and not waiting.generator.built
    waiting.bind(facts={"image": IMAGE}, by="the data")
    assert waiting.built and waiting.generator.linear.out_features == 48
    assert waiting.sampler.latent == (4,) and waiting.conditioner.code == (4,)


def test_a_waiting_part_says_what_it_waits_for():
    with pytest.raises(FactError, match=r"generator/small waits for image: .* SmallGenerator\(image=…\)"):
        SmallGenerator().require()


@part("asking-weight")
class AskingWeight(R1):
    """A penalty whose weight nobody tells."""

    gamma: float = fact(help="γ, told by nobody")


def test_a_seated_part_says_what_it_waits_for():
    made = game(image=IMAGE, regularizers=[R1(), AskingWeight()])
    with pytest.raises(
        FactError,
        match=r"two-player.regularizers.1: .*/asking-weight waits for gamma, .* \(gamma: γ, told by nobody\)",
    ):
        made.require()
    game(image=IMAGE, regularizers=[R1(), AskingWeight(gamma=1.0)]).require()


def test_parameters_are_registered_and_fields_are_submodules():
    made = game(image=IMAGE, regularizers=[R1()])
    assert {"generator.linear.weight", "discriminator.first.bias"} <= set(dict(made.named_parameters()))
    assert isinstance(made.regularizers, nn.ModuleList)
    assert [path for path, _ in children(made)][:2] == ["generator", "discriminator"]
    assert "regularizers.0" in dict(children(made))


def test_seats_take_parts_classes_names_and_tables():
    made = game(image=IMAGE, loss="hinge", sampler=Normal, regularizers=["r1", {"part": "r1", "gamma": 3}])
    assert isinstance(made.loss, Hinge) and isinstance(made.sampler, Normal)
    assert [penalty.gamma for penalty in made.regularizers] == [10, 3]


def test_a_part_of_another_kind_does_not_fit():
    with pytest.raises(
        FitError, match=r"two-player.generator takes a Generator \(generator\), not sampler/normal"
    ):
        game(generator=Normal())


def test_a_lone_part_in_a_seat_for_several_is_explained():
    with pytest.raises(
        SpecError,
        match=r"regularizers holds a list of discriminator-regularizer parts; got 'r1': write \['r1'\]",
    ):
        game(regularizers="r1")


def test_something_else_in_a_seat_is_explained():
    with pytest.raises(SpecError, match="loss takes a loss: a part, a name or a table; got 3"):
        game(loss=3)


def test_a_fact_given_twice_and_differently_names_both():
    with pytest.raises(FactError) as error:
        game(image=IMAGE, generator=SmallGenerator(image=(3, 8, 8)))
    assert (
        "image is (3, 8, 8) according to generator/small itself, "
        "but (3, 4, 4) according to recipe/two-player (seat generator)" in str(error.value)
    )


def test_a_fact_given_twice_alike_is_fine():
    assert game(image=IMAGE, generator=SmallGenerator(image=IMAGE)).built


def test_a_circle_of_facts_names_the_seats():
    @part("asking")
    class Asking(Conditioner):
        @property
        def latent_shape(self):
            return self.code

        def forward(self, latent, label=None):
            return latent

    @part("circle")
    class Circle(Part):
        image: tuple[int, int, int] = fact(default=None)
        first: Conditioner = seat(default=Asking)
        second: Conditioner = seat(default=Asking)

        def facts(self, seat):
            return {"code": (self.second if seat == "first" else self.first).latent_shape}

    with pytest.raises(
        FactError, match="the seats first → second → first wait for each other's facts in a cycle"
    ):
        Circle(image=IMAGE)


def test_seats_fill_on_demand_whatever_their_order():
    @part("backwards")
    class Backwards(Part):
        image: tuple[int, int, int] = fact(default=None)
        sampler: Sampler = seat(default=Normal)
        generator: Generator = seat(default=SmallGenerator)

        def facts(self, seat):
            return {"latent": self.generator.code_shape} if seat == "sampler" else {"image": self.image}

    made = Backwards(image=IMAGE)
    assert made.sampler.latent == (4,)
    assert list(made._modules) == ["sampler", "generator"]


def test_initial_weights_depend_on_seed_and_seat_alone():
    first, second = game(image=IMAGE), game()
    torch.rand(7)
    second.bind(facts={"image": IMAGE}, by="the data")
    assert torch.equal(first.generator.linear.weight, second.generator.linear.weight)
    second.bind(seed=1)
    assert not torch.equal(first.generator.linear.weight, second.generator.linear.weight)
    first.bind(seed=1)
    assert torch.equal(first.generator.linear.weight, second.generator.linear.weight)


def test_two_seats_start_differently():
    @part("pair")
    class Pair(Part):
        image: tuple[int, int, int] = fact(default=None)
        both: Sequence[Generator] = seat(default=())

        def facts(self, seat):
            return {"image": self.image}

    made = Pair(image=IMAGE, both=[SmallGenerator(image=IMAGE), SmallGenerator(image=IMAGE)])
    assert not torch.equal(made.both[0].linear.weight, made.both[1].linear.weight)


def test_building_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    game(image=IMAGE)
    assert torch.equal(torch.rand(3), expected)


def test_touched_weights_are_never_made_anew():
    trained = SmallGenerator(image=IMAGE)
    with torch.no_grad():
        trained.linear.weight.fill_(7)
    made = game(image=IMAGE, generator=trained)
    made.bind(seed=5)
    assert made.generator is trained and bool((trained.linear.weight == 7).all())


def test_a_trained_part_cannot_change_its_facts():
    trained = game(image=IMAGE)
    with torch.no_grad():
        trained.generator.linear.weight.add_(1)
    with pytest.raises(FactError, match="already holds trained weights, so classes cannot change"):
        trained.bind(facts={"classes": 3}, by="the data")


def test_validators_guard_options():
    @part("guarded")
    class Guarded(Part):
        width: int = field(default=1, validator=whole(1))

    with pytest.raises(ValueError, match="width must be a whole number, at least 1; got 0"):
        Guarded(width=0)


def test_tags_are_inherited():
    @part("base", tags=["batch"])
    class Base(Part):
        pass

    @part("derived", tags=["other"])
    class Derived(Base):
        pass

    assert Derived.tags == {"batch", "other"}


def test_an_empty_optional_seat():
    @part("optional")
    class Optional(Part):
        maybe: Generator | None = seat(default=None)

    assert Optional().maybe is None and Optional(maybe="none").maybe is None
    assert isinstance(Optional(maybe=SmallGenerator(image=IMAGE)).maybe, SmallGenerator)


def test_a_bare_annotation_is_refused():
    with pytest.raises(
        SpecError,
        match=r"Wrong.table is annotated in the class, so it would be an option; write table: … = field",
    ):

        @part("wrong")
        class Wrong(Part):
            table: nn.Embedding


def test_two_penalties_of_one_name_both_count():
    from gancore.recipes.penalties import due, eager, named

    penalties = [R1(gamma=1), R1(gamma=2), R1(gamma=3, every=4)]
    assert {name: p.gamma for name, p in named(penalties).items()} == {"r1": 1, "r1-2": 2, "r1-3": 3}
    assert list(eager(penalties)) == ["r1", "r1-2"]

    class Now:
        def every(self, n):
            return True

    assert [name for name, _ in due(penalties, Now())] == ["r1-3"]


def test_weights_are_laid_out_as_the_part_says():
    from typing import ClassVar

    @part("last")
    class Last(Part):
        memory_format: ClassVar[torch.memory_format] = torch.channels_last

        def build(self):
            self.convolution = nn.Conv2d(3, 4, 3)

    assert Last().convolution.weight.is_contiguous(memory_format=torch.channels_last)
    assert Last().pristine()


def test_a_trained_part_is_not_pristine():
    from small import Source

    from gancore.training.run import TrainingRun

    recipe = game(image=IMAGE)
    recipe.step(TrainingRun(recipe, Source(IMAGE), batch=4))
    assert not recipe.generator.pristine() and not recipe.discriminator.pristine()


def test_an_unbuilt_part_that_is_used_says_what_it_waits_for():
    waits = r"generator/small waits for image: put it into a recipe that trains on data, .*\(image=…\)"
    part = SmallGenerator()
    with pytest.raises(FactError, match=waits):
        part(torch.randn(2, 4))
    with pytest.raises(FactError, match=waits):
        _ = part.linear
    assert not hasattr(part, "linear")
    twin = copy.deepcopy(part)
    for made in (part, twin):
        made.bind(facts={"image": (3, 4, 4)})
        assert made(torch.randn(2, 4)).shape == (2, 3, 4, 4) and not made._forward_pre_hooks
    with pytest.raises(AttributeError, match="no attribute 'layers'"):
        _ = part.layers


def test_a_seat_takes_a_name_whatever_was_imported_before():
    code = (
        "from gancore.component.part import Part, part, seat\n"
        "from gancore.component.interfaces import Loss\n"
        "@part('holder')\n"
        "class Holder(Part):\n"
        "    loss: Loss = seat(default='hinge')\n"
        "print(Holder().loss.qualified_name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "loss/hinge\n", done.stderr
