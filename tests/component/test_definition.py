"""Mistakes of an author, each with its error where the class is defined, constructed or built."""

import types

import pytest
import torch
from small import SmallDiscriminator, SmallGenerator, Source
from torch import nn

from gancore import (
    Discriminator,
    Generator,
    GeneratorRegularizer,
    LabelSampler,
    Recipe,
    TwoPlayerGAN,
    fact,
    field,
    hookimpl,
    part,
)
from gancore.component.discovery import Host
from gancore.errors import GancoreError, SpecError, UserError
from gancore.training.run import TrainingRun

IMAGE = (3, 4, 4)


def game(**fields):
    return TwoPlayerGAN(
        **{"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), "image": IMAGE, **fields}
    )


def test_abstract_methods_that_are_missing_are_named_at_construction():
    @part("half")
    class Half(Discriminator):
        """Says nothing."""

        def forward_features(self, image):
            return image

    with pytest.raises(SpecError, match="Half does not define forward_head, which every discriminator has"):
        Half()

    class Bare(Generator):
        """Without a name, too."""

    with pytest.raises(
        SpecError, match="Bare does not define code_shape, forward, which every generator has"
    ):
        Bare()


@pytest.mark.parametrize("name", ["forward_features", "forward_head", "build", "facts"])
def test_a_layer_with_the_name_of_a_method_is_refused_when_it_is_built(name):
    @part("hidden")
    class Hidden(SmallDiscriminator):
        """Makes a layer that nobody can reach."""

        def build(self):
            super().build()
            setattr(self, name, nn.Linear(2, 2))

    expected = f"Hidden.build makes a layer called {name}, but {name} is a method of .*; give it another name"
    with pytest.raises(SpecError, match=expected):
        Hidden(image=IMAGE)


def test_a_layer_called_features_is_a_layer():
    @part("plain-features")
    class PlainFeatures(SmallDiscriminator):
        """Calls its layers as it likes."""

        def build(self):
            super().build()
            self.features = nn.Identity()

        def forward_features(self, image):
            return self.features(super().forward_features(image))

    assert PlainFeatures(image=IMAGE)(torch.zeros(2, *IMAGE)).shape == (2,)


def test_an_option_that_may_be_none_is_refused_at_definition():
    with pytest.raises(SpecError, match=r"Odd.width may be None, which TOML cannot hold"):

        @part("odd")
        class Odd(SmallGenerator):
            width: int | None = field(default=4)

    with pytest.raises(SpecError, match=r"Even.width may be None"):

        @part("even")
        class Even(SmallGenerator):
            width: int = field(default=None)

    @part("told")
    class Told(SmallGenerator):
        classes: int | None = fact()

    assert Told.name == "told"


def test_a_constructor_of_its_own_is_refused_at_definition():
    with pytest.raises(
        SpecError, match=r"Made has an __init__ of its own, but a part is made from its fields"
    ):

        @part("made")
        class Made(SmallGenerator):
            def __init__(self, width):
                super().__init__()


def test_a_class_may_be_offered_under_a_second_name():
    @part("once")
    class Once(SmallGenerator):
        """A generator."""

    assert part("twice")(Once).name == "twice"


@pytest.mark.parametrize(
    "wrong, right", [("biuld", "build"), ("update_bufers", "update_buffers"), ("fact", "facts")]
)
def test_a_misspelt_hook_is_refused_at_definition(wrong, right):
    with pytest.raises(
        SpecError, match=rf"Slip.{wrong} is called by nobody; did you mean {right} of Part\? If"
    ):
        part("slip")(
            type("Slip", (SmallGenerator if right != "build" else Generator,), {wrong: lambda self: None})
        )


def test_other_names_are_taken():
    @part("helpers")
    class Helpers(Recipe):
        """Has names near those of hooks that it defines itself, or far from all."""

        def pipelines(self):
            return {}

        def pipeline(self):
            return None

        def code(self):
            return None

        def _biuld(self):
            return None

    assert Helpers.name == "helpers"
    with pytest.raises(
        SpecError, match="LabelSlip.lear is called by nobody; did you mean learn of LabelSampler"
    ):
        part("label-slip")(type("LabelSlip", (LabelSampler,), {"lear": lambda self, labels: None}))


def test_a_recipe_that_forgets_the_build_of_its_base_is_refused_at_definition():
    with pytest.raises(
        SpecError, match=r"Forgetful.build does not call super\(\).build\(\), in which TwoPlayerGAN"
    ):

        @part("forgetful")
        class Forgetful(TwoPlayerGAN):
            def build(self):
                self.extra = nn.Identity()

    @part("mindful")
    class Mindful(TwoPlayerGAN):
        def build(self):
            super().build()

    assert Mindful.name == "mindful"


def test_a_player_that_does_not_exist_is_named_with_those_that_do():
    recipe = game()
    recipe.bind(seed=1)
    run = TrainingRun(recipe, Source(), batch=4)
    expected = (
        r"recipe/two-player has no player 'discriminater'; did you mean 'discriminator'\? its players\(\) "
        "names: discriminator, generator"
    )
    with pytest.raises(UserError, match=expected):
        run.update("discriminater", dict)
    for verb in (run.restart, lambda name: run.scale_lr(name, 0.5)):
        with pytest.raises(UserError, match="has no player 'critic'; its players"):
            verb("critic")


def test_a_plugin_with_a_misspelt_hook_is_refused_by_name():
    module = types.ModuleType("slip")
    module.gancore_api = 1

    @hookimpl
    def gancore_part():
        return [SmallGenerator]

    module.gancore_part = gancore_part
    with pytest.raises(
        GancoreError, match="hook gancore_part, which does not exist; did you mean gancore_parts"
    ):
        Host().register("gancore-slip", "slip", module)


def test_a_method_that_cannot_be_called_as_its_interface_says_is_refused_when_it_is_defined():
    expected = (
        r"Old.forward takes \(self, render, code\), but is called with \(self, render, fake, real\), as "
    )
    with pytest.raises(SpecError, match=f"{expected}GeneratorRegularizer says"):

        @part("old")
        class Old(GeneratorRegularizer):
            """Takes less than it is given."""

            def forward(self, render, code):
                return render(code).mean()


def test_a_method_may_leave_out_what_is_not_always_given():
    @part("narrow")
    class Narrow(Discriminator):
        """Reads no labels."""

        def forward_features(self, image):
            return image

        def forward_head(self, features):
            return features.flatten(1).sum(1)

    assert Narrow(image=IMAGE).forward_head(torch.ones(2, 3)).tolist() == [3, 3]
