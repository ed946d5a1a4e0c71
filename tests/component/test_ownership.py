"""Who makes a part, and what its weights follow from, when it stands in several places."""

import copy
from collections.abc import Sequence
from typing import ClassVar

import pytest
import torch
from safetensors.torch import load_file
from small import Source
from torch import nn

from gancore.component.discovery import registry
from gancore.component.interfaces import Conditioner, Generator, Optimizer
from gancore.component.part import Part, fact, field, part, seat
from gancore.component.specs import build, from_toml, spec, to_toml
from gancore.component.weights import read_weights, write_weights
from gancore.errors import FactError, SpecError
from gancore.pipeline import Pipeline
from gancore.recipes.base import Player, Recipe
from gancore.standard.optimizers import SGD
from gancore.standard.samplers import Normal
from gancore.training.run import TrainingRun

IMAGE = (1, 2, 2)


@part("sharing-machine")
class Machine(Part):
    """A layer of its own."""

    visible: int = fact(help="length of what it reads")
    hidden: int = field(default=3)

    def build(self):
        self.linear = nn.Linear(self.visible, self.hidden)


@part("sharing-stack")
class Stack(Part):
    """Machines that it makes itself."""

    def build(self):
        self.machines = nn.ModuleList([Machine(visible=3), Machine(visible=3)])


@part("sharing-holder")
class Holder(Part):
    """A part with stacks and a machine in seats."""

    stacks: Sequence[Stack] = seat(default=())
    machine: Machine = seat(default=Machine)

    def facts(self, seat):
        return {"visible": 5} if seat == "machine" else {}


def weights(module):
    return [p.detach().clone() for p in module.parameters()]


def test_parts_made_in_build_follow_seed_and_path():
    stack, other, again = Stack(), Stack(), Stack()
    first, second = stack.machines
    assert not torch.equal(first.linear.weight, second.linear.weight)
    other.bind(seed=1)
    assert not torch.equal(other.machines[0].linear.weight, first.linear.weight)
    again.bind(path="elsewhere")
    assert not torch.equal(again.machines[0].linear.weight, first.linear.weight)
    for restored in (other, again):
        restored.bind(seed=0, path="")
        assert torch.equal(restored.machines[1].linear.weight, second.linear.weight)


def test_parts_made_in_the_build_of_two_seats_differ():
    held = Holder(stacks=[Stack(), Stack()])
    one, two = (s.machines[0].linear.weight for s in held.stacks)
    assert not torch.equal(one, two)
    held.bind(seed=4)
    assert not torch.equal(held.stacks[0].machines[0].linear.weight, one)


def test_a_part_made_in_build_that_waits_is_refused():
    @part("sharing-waiting")
    class Waiting(Part):
        def build(self):
            self.machine = Machine()

    with pytest.raises(
        FactError, match=r"waiting\.machine: part/sharing-machine waits for visible; the part"
    ):
        Waiting().require()


def test_facts_told_later_keep_the_place():
    @part("sharing-late")
    class Late(Part):
        def build(self):
            self.machine = Machine()
            self.machine.bind(facts={"visible": 3})

    one, two = Late(), Late()
    two.bind(seed=1)
    assert not torch.equal(one.machine.linear.weight, two.machine.linear.weight)


def test_a_part_in_a_second_seat_is_not_made_again():
    machine = Machine()
    held = Holder(machine=machine)
    held.bind(seed=3)
    layer, before = machine.linear, weights(machine)
    other = Holder(machine=machine)
    other.bind(seed=8, path="far.away")
    assert other.machine is machine and machine.linear is layer
    assert all(map(torch.equal, weights(machine), before))
    held.bind(seed=5)  # its own holder still makes it
    assert not torch.equal(machine.linear.weight, before[0])


def test_a_second_seat_that_tells_other_facts_is_refused():
    machine = Machine(visible=5)
    Holder(machine=machine)

    @part("sharing-other")
    class Other(Holder):
        def facts(self, seat):
            return {"visible": 6}

    with pytest.raises(
        FactError, match=r"made with visible 5, but .*-other \(seat machine\) tells it 6; make"
    ):
        Other(machine=machine)


def test_a_default_fact_is_not_overruled_by_a_second_seat():
    @part("sharing-classes")
    class Classes(Part):
        classes: int = fact(default=0)

        def build(self):
            self.table = nn.Embedding(self.classes + 1, 2)

    @part("sharing-plain")
    class Plain(Part):
        inner: Classes = seat(default=Classes)

    @part("sharing-labeled")
    class Labeled(Plain):
        def facts(self, seat):
            return {"classes": 7}

    inner = Plain().inner
    with pytest.raises(FactError, match="stands in two seats and was made with classes 0, but .* tells it 7"):
        Labeled(inner=inner)


def test_a_second_seat_may_tell_what_the_first_does_not_know():
    @part("sharing-silent")
    class Silent(Part):
        machine: Machine = seat(default=Machine)

    machine = Machine()
    Silent(machine=machine)
    assert not machine.built
    Holder(machine=machine).bind(seed=2)
    assert machine.visible == 5 and machine.built


def test_a_deep_copy_of_a_holder_owns_its_copies():
    held = Holder()
    twin = copy.deepcopy(held)
    twin.bind(seed=9)
    assert twin.machine is not held.machine
    fresh = Holder()
    fresh.bind(seed=9)
    held.bind(seed=9)
    assert torch.equal(held.machine.linear.weight, fresh.machine.linear.weight)


def test_members_of_a_list_are_told_their_own_facts():
    @part("sharing-belief")
    class Belief(Part):
        image: tuple[int, int, int] = fact()
        machines: Sequence[Machine] = seat(default=())

        def facts(self, seat):
            if seat == "machines":
                return {"visible": 4}
            return {"visible": self.machines[int(seat[-1]) - 1].hidden} if seat[-1] in "12" else {}

    made = Belief(machines=[Machine(hidden=7), Machine(hidden=2), Machine()], image=IMAGE)
    assert [m.visible for m in made.machines] == [4, 7, 2]
    with pytest.raises(FactError, match=r"seat machines\.1"):
        Belief(machines=[Machine(), Machine(visible=9)], image=IMAGE)


# parts in two seats of one spec


@part("sharing-table")
class Table(Part):
    """A table of codes."""

    def build(self):
        self.rows = nn.Parameter(torch.randn(3, 4))


@part("sharing-lookup")
class Lookup(Conditioner):
    """Rows of a table by index."""

    table: Table = seat(default=Table)
    examples: ClassVar = ({"code": (4,)},)

    @property
    def latent_shape(self):
        return ()

    def forward(self, latent, label=None):
        return self.table.rows[latent.long() % 3]


@part("sharing-painter")
class Painter(Generator):
    """Images with rows of the same table."""

    table: Table = seat(default=Table)

    @property
    def code_shape(self):
        return (4,)

    def forward(self, code):
        return (code + self.table.rows.mean(0)).reshape(-1, *self.image)


@part("sharing-recipe")
class TableRecipe(Recipe):
    """Trains the table, which the pipeline looks up."""

    generator: Painter = seat(default=Painter)
    table: Table = seat(default=Table)
    optimizer: Optimizer = seat(default=lambda: SGD(lr=0.1))

    def facts(self, seat):
        return {"image": self.image}

    def build(self):
        self.lookup = Lookup(table=self.table, code=(4,))

    def players(self):
        return {"model": Player([self.generator, self.table, self.lookup], self.optimizer)}

    def pipelines(self):
        lookup = Lookup(table=self.table, code=(4,))
        return {
            "image": Pipeline(sampler=Normal(latent=()), conditioner=lookup, generator=self.generator),
        }

    def terms(self, image):
        code = self.table.rows.mean(0).expand(len(image), 4)
        return {"reconstruction": (self.generator(code) - image).square().mean()}

    def step(self, run):
        run.update("model", self.terms, run.batch()["image"])


@pytest.fixture
def offered(monkeypatch):
    """The classes above, as a plugin offers them."""
    mine = {(c.kind, c.name): c for c in (Table, Lookup, Painter, TableRecipe, Holder, Machine)}
    find, name_of = type(registry()).find, type(registry()).name_of

    def found(self, kind, name):
        return mine.get((kind, name)) or find(self, kind, name)

    monkeypatch.setattr(type(registry()), "find", found)
    monkeypatch.setattr(
        type(registry()),
        "name_of",
        lambda self, cls: cls.name if cls in mine.values() else name_of(self, cls),
    )


def shared_recipe():
    table = Table()
    recipe = TableRecipe(generator=Painter(table=table), table=table)
    recipe.bind(seed=1, facts={"image": IMAGE}, by="the test")
    return recipe


def test_training_moves_what_the_pipeline_looks_up():
    recipe = shared_recipe()
    run = TrainingRun(recipe, Source(IMAGE), batch=4)
    pipeline = recipe.pipelines()["image"]
    rows, before = recipe.table.rows, recipe.table.rows.detach().clone()
    recipe.step(run)
    assert not torch.equal(rows, before)
    assert recipe.table.rows is rows is pipeline.conditioner.table.rows is recipe.generator.table.rows
    assert recipe.pipelines()["image"].conditioner.table.rows is rows


def test_a_spec_refers_to_a_part_that_stands_before(offered):
    table = spec(shared_recipe())
    assert table["table"] == {"same": "generator.table"}
    again = build(from_toml(to_toml(table)))
    assert again.table is again.generator.table
    again.bind(seed=1, facts={"image": IMAGE}, by="the test")
    assert torch.equal(again.table.rows, shared_recipe().table.rows)
    assert spec(again) == table


def test_a_reference_to_nothing_is_refused(offered):
    with pytest.raises(SpecError, match=r"table is to be the same part as 'nowhere', .* parts so far: gen"):
        build({"part": "sharing-recipe", "generator": "sharing-painter", "table": {"same": "nowhere"}})
    with pytest.raises(SpecError, match=r"table is the same part as generator.table; set width there"):
        build({"part": "sharing-recipe", "table": {"same": "generator.table", "width": 3}})


def test_a_pipeline_saves_a_shared_part_once(offered, tmp_path):
    recipe = shared_recipe()
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "saved")
    stored = load_file(tmp_path / "saved/weights.safetensors")
    assert list(stored) == ["conditioner.table.rows"]
    loaded = Pipeline.load(tmp_path / "saved")
    assert loaded.conditioner.table is loaded.generator.table
    assert torch.equal(loaded.generator.table.rows, recipe.table.rows)
    assert torch.equal(loaded.sample(3, seed=1), pipeline.sample(3, seed=1))


def test_a_checkpoint_stores_a_shared_tensor_once_and_reads_all_names(tmp_path):
    recipe = shared_recipe()
    state = recipe.state_dict()
    assert len(state) == 3
    write_weights(tmp_path / "w", state)
    assert len(load_file(tmp_path / "w")) == 1
    found = read_weights(tmp_path / "w")
    assert set(found) == set(state) and all(torch.equal(found[k], state[k]) for k in state)
