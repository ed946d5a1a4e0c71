from copy import deepcopy
from typing import Any

import pytest
import torch
from gancore_cyclegan import CUT, GlobalSkip, PatchNCE
from gancore_cyclegan.cut import mirrored
from torch import Tensor

from gancore import create
from gancore.component.randomness import seeded
from gancore.component.specs import spec
from gancore.errors import FitError, UserError
from gancore.standard.losses import RelativisticPairing
from gancore.standard.optimizers import Adam
from gancore.standard.patchgan import AntialiasedPatchGAN, PatchGAN
from gancore.standard.regularizers import R1, R2
from gancore.standard.translators import AntialiasedResNet, ResNet
from gancore.training.run import TrainingRun

RGB = (3, 8, 8)


class Fake:
    """Sources and targets of random pixels, a pure function of the position."""

    position = 0

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        rng = torch.Generator().manual_seed(self.position)
        self.position += n or 1
        rows = torch.rand(2, n or 1, *RGB, generator=rng) * 2 - 1
        return {"source": rows[0], "target": rows[1]}


def small(**changes: Any) -> CUT:
    made: dict[str, Any] = {
        "image": RGB,
        "source": RGB,
        "generator": ResNet(width=2, blocks=2),
        "discriminator": PatchGAN(width=4, layers=1),
        "contrast": PatchNCE(width=6, patches=16),
    }
    return CUT(**(made | changes))


def test_published_settings_are_the_defaults() -> None:
    recipe = CUT()
    assert (recipe.contrastive, recipe.identity, recipe.flips, recipe.batch_size) == (1, 1, 0, 1)
    assert (recipe.contrast.width, recipe.contrast.patches, recipe.contrast.temperature) == (256, 256, 0.07)
    assert recipe.length(10) == 4000
    assert type(recipe.generator) is AntialiasedResNet and recipe.generator.blocks == 9
    assert type(recipe.discriminator) is AntialiasedPatchGAN and recipe.discriminator.patch == 84
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert isinstance(optimizer, Adam)
        assert (optimizer.lr, optimizer.betas) == (2e-4, (0.5, 0.999))
        assert [optimizer.factor(images, 400) for images in (0, 200, 300, 400)] == [1, 1, 0.5, 0]


def test_fastcut_has_no_identity_a_weight_of_10_and_mirrored_images() -> None:
    recipe = create("fastcut")
    assert (recipe.contrastive, recipe.identity, recipe.flips) == (10, 0, 0.5)
    assert recipe.length(10) == 2000
    assert type(recipe.generator) is AntialiasedResNet
    assert type(recipe.discriminator) is AntialiasedPatchGAN
    assert [recipe.generator_optimizer.factor(images, 200) for images in (150, 175, 200)] == [1, 0.5, 0]


def test_the_small_preset_has_the_networks_of_the_small_cyclegan() -> None:
    recipe, other = create("cut-small"), create("cyclegan-small")
    assert spec(recipe.generator) == spec(other.to_target)
    assert spec(recipe.discriminator) == spec(other.target_discriminator)
    assert recipe.discriminator.name == "patchgan"


def test_networks_that_blur_learn_also_as_the_change_of_an_image() -> None:
    blurring = AntialiasedResNet(width=2, blocks=9)
    judge = AntialiasedPatchGAN(width=4, layers=1)
    recipe = small(generator=GlobalSkip(network=blurring), discriminator=judge, regularizers=[R1()])
    assert recipe.contrast.channels == (3, 4, 8, 8, 8)
    x = torch.rand(2, *RGB) * 2 - 1
    assert (recipe.generator(x) - x).abs().max() < 0.05  # it starts as a copy
    before = deepcopy(recipe.generator.state_dict())
    run = TrainingRun(recipe, Fake(), batch=2, total=8)
    recipe.step(run)
    assert any(not torch.equal(value, before[name]) for name, value in recipe.generator.state_dict().items())


def test_the_heads_follow_from_the_translator() -> None:
    recipe = small()
    assert recipe.contrast.channels == (3, 4, 8, 8, 8)
    assert [head[0].in_features for head in recipe.contrast.heads] == [3, 4, 8, 8, 8]


def test_the_translator_descends_its_three_terms() -> None:
    recipe = small(contrastive=3, identity=2).double()
    x, y = (rows.double() for rows in Fake().next(2).values())
    g, d, none = recipe.generator, recipe.discriminator, torch.tensor([False, False])
    with seeded(3):
        terms = recipe.generator_terms(x, y, none)
    with seeded(3):
        expected = {
            "adversarial": ((d(g(x)) - 1) ** 2).mean(),
            "contrastive": 3 * recipe.contrast(g.maps(g(x)), g.maps(x)),
            "identity": 2 * recipe.contrast(g.maps(g(y)), g.maps(y)),
        }
    assert set(terms) == set(expected)
    for name, value in expected.items():
        assert torch.allclose(terms[name], value, atol=1e-12), name


def test_mirrored_images_are_compared_at_the_places_they_came_from() -> None:
    recipe = small(identity=0).double()
    x, y = (rows.double() for rows in Fake().next(2).values())
    flips = torch.tensor([True, False])
    assert torch.equal(mirrored(x, flips), torch.stack([x[0].flip(2), x[1]]))
    with seeded(3):
        terms = recipe.generator_terms(x, y, flips)
    g = recipe.generator
    shown = torch.stack([x[0].flip(2), x[1]])
    queries = [torch.stack([one[0].flip(2), one[1]]) for one in g.maps(g(shown))]
    with seeded(3):
        expected = recipe.contrast(queries, g.maps(x))
    assert torch.allclose(terms["contrastive"], expected, atol=1e-12)
    assert "identity" not in terms


def test_the_discriminator_descends_half_the_least_squares() -> None:
    recipe = small().double()
    x, y = (rows.double() for rows in Fake().next(2).values())
    terms = recipe.discriminator_terms(x, y, torch.tensor([False, False]))
    d, fake = recipe.discriminator, recipe.generator(x)
    assert torch.allclose(terms["adversarial"], (((d(y) - 1) ** 2).mean() + (d(fake) ** 2).mean()) / 2)


def test_penalties_apply_to_target_images_and_translations() -> None:
    recipe = small(regularizers=[R1(gamma=3.0), R2(gamma=2.0)]).double()
    x, y = (rows.double() for rows in Fake().next(2).values())
    terms = recipe.discriminator_terms(x, y, torch.tensor([False, False]))
    for name, gamma, rows in (("r1", 3.0, y), ("r2", 2.0, recipe.generator(x).detach())):
        rows.requires_grad_()
        (slope,) = torch.autograd.grad(recipe.discriminator(rows).sum(), rows)
        expected = gamma / 2 * slope.square().sum((1, 2, 3)).mean()
        assert torch.allclose(terms[f"{name}_adversarial"], expected, atol=1e-12)
    run = TrainingRun(small(regularizers=[R1(gamma=3.0)]), Fake(), batch=2, total=8)
    run.recipe.step(run)
    assert "discriminator/r1_adversarial" in run.take_log()


def test_a_lazy_penalty_is_refused() -> None:
    with pytest.raises(FitError, match="set its every = 1"):
        small(regularizers=[R1(every=16)])


def test_the_discriminator_moves_first() -> None:
    recipe = small()
    run = TrainingRun(recipe, Fake(), batch=2, total=64)
    updates: list[str] = []
    update = run.update

    def noted(player: str, *given: Any, **how: Any) -> dict[str, Tensor]:
        updates.append(player)
        return update(player, *given, **how)

    run.update = noted  # type: ignore[method-assign]
    before = deepcopy(recipe.state_dict())
    recipe.step(run)
    assert updates == ["discriminator", "generator"]
    moved = {
        name.split(".")[0]
        for name, value in recipe.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert moved == {"discriminator", "generator", "contrast"}


def test_half_of_the_images_are_mirrored() -> None:
    recipe = small(flips=0.5)
    run = TrainingRun(recipe, Fake(), batch=64, total=64)
    seen: list[Tensor] = []
    run.update = lambda player, terms, *rows, **_: seen.append(rows[2]) or {}  # type: ignore[assignment,func-returns-value]
    recipe.step(run)
    assert torch.equal(seen[0], seen[1])
    assert 16 < int(seen[0].sum()) < 48


def test_another_loss_and_an_average_take_their_seats() -> None:
    recipe = small(loss=RelativisticPairing(), average="exponential")
    run = TrainingRun(recipe, Fake(), batch=2, total=8)
    recipe.step(run)
    assert recipe.pipelines()["forward"].generator is not recipe.generator
    assert recipe.pipelines()["forward"].reads == "source"


def test_domains_of_other_shapes_are_refused() -> None:
    with pytest.raises(FitError, match="open both domains with the same size and channels"):
        small(image=(1, 8, 8))


def test_a_translator_without_maps_is_refused_at_assembly() -> None:
    with pytest.raises(UserError, match="gives no maps of its layers"):
        CUT(
            image=(3, 16, 16),
            source=(3, 16, 16),
            generator=create("generator/dcgan-plain", width=2),
            discriminator=PatchGAN(width=4, layers=1),
        )


def test_images_too_small_for_the_discriminator_are_refused() -> None:
    with pytest.raises(FitError, match="give layers=1 or fewer"):
        small(discriminator=PatchGAN(width=4, layers=3))
