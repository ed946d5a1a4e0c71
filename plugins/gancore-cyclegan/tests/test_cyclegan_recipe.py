from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gancore_cyclegan import CycleGAN, ResNet
from torch import Tensor

from gancore.component.scheduled import advance
from gancore.component.specs import build, spec
from gancore.data import Unpaired, open_data
from gancore.errors import FactError, FitError
from gancore.standard.averages import ExponentialAverage
from gancore.standard.constraints import WeightClipping
from gancore.standard.losses import RelativisticPairing
from gancore.standard.optimizers import SGD, Adam
from gancore.standard.patchgan import PatchGAN
from gancore.standard.projection import ProjectionDiscriminator
from gancore.standard.regularizers import R1
from gancore.training.checkpoint import load_checkpoint, save_checkpoint
from gancore.training.run import TrainingRun
from gancore.training.start import fit_to_data

RGB = (3, 8, 8)


class Fake:
    """Sources are reddish, targets blueish, both textured; a pure function of the position."""

    def __init__(self, source: tuple[int, ...] = RGB, target: tuple[int, ...] = RGB) -> None:
        self.position, self.shapes = 0, {"source": source, "target": target}

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        n = n or 1
        rows = {
            name: torch.stack([self.one(name, self.position + i) for i in range(n)]) for name in self.shapes
        }
        self.position += n
        return rows

    def one(self, name: str, position: int) -> Tensor:
        rng = torch.Generator().manual_seed(2 * position + (name == "target"))
        color = torch.linspace(0.6, -0.6, self.shapes[name][0])[:, None, None]
        pattern = 0.4 * torch.rand(self.shapes[name], generator=rng) - 0.2
        return pattern + (color if name == "source" else -color)


def small(**changes: Any) -> CycleGAN:
    made: dict[str, Any] = {
        "image": RGB,
        "source": RGB,
        "to_target": ResNet(width=4, blocks=1),
        "to_source": ResNet(width=4, blocks=1),
        "target_discriminator": PatchGAN(width=4, layers=1),
        "source_discriminator": PatchGAN(width=4, layers=1),
    }
    return CycleGAN(**(made | changes))


def steps(run: TrainingRun, n: int) -> TrainingRun:
    for _ in range(n):
        run.recipe.step(run)
        run.step += 1
    return run


def test_published_settings_are_the_defaults() -> None:
    recipe = CycleGAN()
    assert (recipe.cycle, recipe.identity * recipe.cycle, recipe.pool, recipe.batch_size) == (10, 5, 50, 1)
    assert recipe.length(1000) == 200_000
    assert recipe.wants == {"source", "target"}
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert isinstance(optimizer, Adam)
        assert (optimizer.lr, optimizer.betas) == (2e-4, (0.5, 0.999))
        assert [optimizer.factor(images, 200) for images in (0, 100, 150, 175, 200)] == pytest.approx(
            [1, 1, 0.5, 0.25, 0]
        )


def test_each_player_moves_both_of_its_networks() -> None:
    recipe = small()
    players = recipe.players()
    assert list(players) == ["generators", "discriminators"]
    assert players["generators"].parts == [recipe.to_target, recipe.to_source]
    assert players["discriminators"].parts == [
        recipe.target_discriminator,
        recipe.source_discriminator,
        recipe.loss,
    ]


def test_the_translators_descend_equations_1_and_2_and_the_identity_term() -> None:
    recipe = small().double()
    batch = {name: rows.double() for name, rows in Fake().next(3).items()}
    x, y = batch["source"], batch["target"]
    terms = recipe.generator_terms(x, y)
    g, f, dx, dy = (
        recipe.to_target,
        recipe.to_source,
        recipe.source_discriminator,
        recipe.target_discriminator,
    )
    expected = {
        "adversarial_target": ((dy(g(x)) - 1) ** 2).mean(),
        "adversarial_source": ((dx(f(y)) - 1) ** 2).mean(),
        "cycle_source": 10 * (f(g(x)) - x).abs().mean(),
        "cycle_target": 10 * (g(f(y)) - y).abs().mean(),
        "identity_target": 5 * (g(y) - y).abs().mean(),
        "identity_source": 5 * (f(x) - x).abs().mean(),
    }
    assert torch.equal(terms.pop("fake_target"), g(x))
    assert torch.equal(terms.pop("fake_source"), f(y))
    assert set(terms) == set(expected)
    for name, value in expected.items():
        assert torch.allclose(terms[name], value, atol=1e-12), name


def test_the_discriminators_descend_half_the_least_squares() -> None:
    recipe = small().double()
    x, y, old_x, old_y = (torch.rand(2, *RGB, dtype=torch.float64) for _ in range(4))
    dx, dy = recipe.source_discriminator, recipe.target_discriminator
    terms = recipe.discriminator_terms(x, y, old_x, old_y)
    assert torch.allclose(
        terms["target"], (((dy(y) - 1) ** 2).mean() + (dy(old_y) ** 2).mean()) / 2, atol=1e-12
    )
    assert torch.allclose(
        terms["source"], (((dx(x) - 1) ** 2).mean() + (dx(old_x) ** 2).mean()) / 2, atol=1e-12
    )


def test_penalties_are_terms_of_both_discriminators() -> None:
    recipe = small(regularizers=[R1(gamma=3.0)]).double()
    x, y, old_x, old_y = (torch.rand(2, *RGB, dtype=torch.float64) for _ in range(4))
    terms = recipe.discriminator_terms(x, y, old_x, old_y)
    for name, discriminator, image in (
        ("target", recipe.target_discriminator, y),
        ("source", recipe.source_discriminator, x),
    ):
        leaf = image.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(discriminator(leaf).sum(), leaf)
        expected = 1.5 * gradient.square().flatten(1).sum(1).mean()
        assert torch.allclose(terms[f"r1_{name}"], expected, atol=1e-12)
    assert set(terms) == {"target", "source", "r1_target", "r1_source"}


def test_a_lazy_penalty_is_refused() -> None:
    with pytest.raises(FitError, match=r"has penalties in each step.*set its every = 1"):
        small(regularizers=[R1(every=16)])


def test_without_identity_there_is_no_such_term() -> None:
    x = torch.rand(1, *RGB)
    assert not [name for name in small(identity=0).generator_terms(x, x) if "identity" in name]


def test_two_steps_move_every_network_and_only_by_its_own_player() -> None:
    recipe = small()
    run = TrainingRun(recipe, Fake(), batch=2, total=64)
    x, y = (rows for rows in Fake().next(2).values())
    judges = deepcopy(recipe.players()["discriminators"].parts)
    made = run.update("generators", recipe.generator_terms, x, y)
    for before, after in zip(judges, recipe.players()["discriminators"].parts, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True))
    translators = deepcopy(recipe.players()["generators"].parts)
    run.update("discriminators", recipe.discriminator_terms, x, y, made["fake_source"], made["fake_target"])
    for before, after in zip(translators, recipe.players()["generators"].parts, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True))
    before = deepcopy(recipe.state_dict())
    steps(run, 2)
    moved = {
        name.split(".")[0]
        for name, value in recipe.state_dict().items()
        if not torch.equal(value, before[name])
    }
    networks = {"to_target", "to_source", "target_discriminator", "source_discriminator"}
    assert moved == networks | {"target_pool", "source_pool"}
    assert int(recipe.target_pool.held) == 4
    assert all(value == value for value in run.take_log().values())


def test_micro_batches_equal_the_whole_batch_with_the_pool() -> None:
    def trained(micro_batch: int | None) -> dict[str, Tensor]:
        sgd: dict[str, Any] = {"generator_optimizer": SGD(lr=0.01), "discriminator_optimizer": SGD(lr=0.01)}
        recipe = small(pool=3, **sgd).double()
        steps(TrainingRun(recipe, Fake(), batch=5, micro_batch=micro_batch, total=100), 3)
        return recipe.state_dict()

    whole = trained(None)
    for size in (1, 2):
        pieces = trained(size)
        assert all(
            torch.allclose(whole[name].double(), pieces[name].double(), rtol=0, atol=1e-10) for name in whole
        )


def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path) -> None:
    whole = TrainingRun(small(pool=3), Fake(), batch=2, total=20)
    steps(whole, 3)
    path = save_checkpoint(whole, tmp_path, seconds=0, keep=1)
    steps(whole, 3)
    resumed = TrainingRun(small(pool=3), Fake(), batch=2, total=20)
    load_checkpoint(resumed, path)
    steps(resumed, 3)
    ours, theirs = resumed.recipe.state_dict(), whole.recipe.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_the_spec_builds_an_equal_recipe() -> None:
    recipe = small(pool=7)
    again = build(spec(recipe), "recipe")
    assert spec(again) == spec(recipe)
    ours, theirs = recipe.state_dict(), again.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_both_directions_translate_images_given_to_them(tmp_path: Path) -> None:
    recipe = small(image=(1, 8, 8), identity=0)
    pipelines = recipe.pipelines()
    assert {name: pipeline.reads for name, pipeline in pipelines.items()} == {
        "forward": "source",
        "backward": "target",
    }
    assert pipelines["forward"].render(torch.rand(3, *RGB)).shape == (3, 1, 8, 8)
    pipelines["backward"].save(tmp_path / "backward")
    again = type(pipelines["backward"]).load(tmp_path / "backward")
    gray = torch.rand(3, 1, 8, 8)
    assert torch.equal(again.render(gray), pipelines["backward"].render(gray))
    assert again.reads == "target"


def test_averaged_translators_are_the_product_where_asked_for() -> None:
    recipe = small(average=ExponentialAverage())
    steps(TrainingRun(recipe, Fake(), batch=1, total=8), 1)
    assert recipe.pipelines()["forward"].generator is not recipe.to_target


def test_another_loss_takes_the_seat() -> None:
    steps(TrainingRun(small(loss=RelativisticPairing(), pool=2), Fake(), batch=2, total=8), 2)


def test_the_identity_term_needs_one_shape() -> None:
    with pytest.raises(FitError, match="set identity=0, or open both domains with the same shape"):
        small(image=(1, 8, 8))
    small(image=(1, 8, 8), identity=0)


def test_colors_learn_to_change_sides() -> None:
    recipe = small(
        generator_optimizer=Adam(lr=4e-3),
        discriminator_optimizer=Adam(lr=4e-3),
        to_target=ResNet(width=8, blocks=1),
        to_source=ResNet(width=8, blocks=1),
    )
    run = TrainingRun(recipe, Fake(), batch=4, total=240)
    held_out = Fake()
    held_out.position = 10_000
    rows = held_out.next(16)
    steps(run, 60)
    for name, source, target in (
        ("forward", rows["source"], rows["target"]),
        ("backward", rows["target"], rows["source"]),
    ):
        translated = recipe.pipelines()[name].render(source)
        before = (source.mean((0, 2, 3)) - target.mean((0, 2, 3))).abs().mean()
        after = (translated.mean((0, 2, 3)) - target.mean((0, 2, 3))).abs().mean()
        assert after < before / 4, (name, before, after)


def test_a_discriminator_that_reads_labels_is_told_that_the_recipe_passes_none() -> None:
    said = (
        r"recipe/cyclegan trains without labels, but discriminator/projection \(seat target_discriminator\)"
    )
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 8, 8), dtype=np.uint8)
    data = Unpaired(open_data(images), open_data(images))
    judge = ProjectionDiscriminator(network=PatchGAN(width=4, layers=1))
    with pytest.raises(FitError, match=said):
        fit_to_data(CycleGAN(target_discriminator=judge), data, 0)
    with pytest.raises(FactError, match="projection waits for classes, which recipe/cyclegan does not prov"):
        small(target_discriminator=judge).require()


def test_the_identity_term_may_fade() -> None:
    fading = {"part": "linear", "start": 0.5, "end": 0.0, "over": 10}
    recipe = small(identity=fading)
    assert recipe.identity == 0.5
    advance(recipe, 5, 0)
    assert recipe.identity == 0.25
    with pytest.raises(FitError, match="open both domains with the same shape"):
        small(image=(1, 8, 8), identity={**fading, "start": 0.0, "end": 0.5})


def test_each_player_has_constraints_of_its_own() -> None:
    recipe = small(constraints=["weight-clipping"], generator_constraints=[WeightClipping(limit=0.02)])
    steps(TrainingRun(recipe, Fake(), batch=1), 1)
    for part in (recipe.target_discriminator, recipe.source_discriminator):
        assert all(p.abs().max() <= 0.01 for p in part.parameters())
    largest = [p.abs().max() for part in (recipe.to_target, recipe.to_source) for p in part.parameters()]
    assert 0.01 < max(largest) <= 0.02
