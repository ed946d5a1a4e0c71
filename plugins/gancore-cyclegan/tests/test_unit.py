import math
from copy import deepcopy
from typing import Any

import pytest
import torch
from gancore_cyclegan import UNIT, CodeDecoder, CodeEncoder, ThroughCode
from torch import Tensor

from gancore.component.randomness import normal, seeded
from gancore.errors import FitError
from gancore.standard.averages import ExponentialAverage
from gancore.standard.losses import LeastSquares
from gancore.standard.optimizers import Adam
from gancore.standard.patchgan import PatchGAN
from gancore.standard.regularizers import R1
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


def translator(width: int = 2) -> ThroughCode:
    return ThroughCode(encoder=CodeEncoder(width=width, blocks=1), decoder=CodeDecoder(width=width, blocks=1))


def small(**changes: Any) -> UNIT:
    made: dict[str, Any] = {
        "image": RGB,
        "source": RGB,
        "to_target": translator(),
        "to_source": translator(),
        "target_discriminator": PatchGAN(width=4, layers=1),
        "source_discriminator": PatchGAN(width=4, layers=1),
    }
    return UNIT(**(made | changes))


def test_published_settings_are_the_defaults() -> None:
    recipe = UNIT()
    weights = ("adversarial", "divergence", "reconstruction", "cycle_divergence", "cycle")
    assert [getattr(recipe, name) for name in weights] == [10, 0.1, 100, 0.1, 100]
    assert recipe.batch_size == 1
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert isinstance(optimizer, Adam)
        assert (optimizer.lr, optimizer.betas) == (1e-4, (0.5, 0.999))


def test_the_networks_have_the_layers_of_the_paper() -> None:
    encoder, decoder = CodeEncoder(image=(3, 64, 64)), CodeDecoder(image=(3, 64, 64))
    c7, d128, d256 = 3 * 64 * 49 + 64, 64 * 128 * 9 + 128, 128 * 256 * 9 + 256
    block = 2 * (256 * 256 * 9 + 256)
    assert sum(p.numel() for p in encoder.parameters()) == c7 + d128 + d256 + 4 * block
    u128, u64 = 256 * 128 * 9 + 128, 128 * 64 * 9 + 64
    assert sum(p.numel() for p in decoder.parameters()) == 4 * block + u128 + u64 + 64 * 3 + 3
    assert encoder.code_shape == decoder.code_shape == (256, 16, 16)


def test_the_posterior_has_variance_1() -> None:
    encoder = CodeEncoder(width=2, blocks=1, image=RGB)
    image = torch.rand(2, *RGB)
    posterior = encoder(image)
    assert posterior.mean.shape == (2, 8, 2, 2)
    with seeded(1):
        code = posterior.sample()
    with seeded(1):
        noise = normal(2, 8, 2, 2, like=image)
    assert torch.equal(code, posterior.mean + noise)
    assert torch.equal(encoder.code(image), posterior.mean)


def test_the_last_layers_of_the_encoders_and_the_first_of_the_decoders_are_shared() -> None:
    recipe = small()
    one, other = recipe.to_target, recipe.to_source
    assert one.encoder.trunk is other.encoder.trunk
    assert one.decoder.trunk is other.decoder.trunk
    assert one.encoder.own is not other.encoder.own
    assert not torch.equal(one.encoder.own[0].weight, other.encoder.own[0].weight)


def test_domains_that_start_alike_begin_with_one_translator() -> None:
    recipe, image = small(alike=True), torch.rand(2, *RGB)
    assert torch.equal(recipe.to_target(image), recipe.to_source(image))
    one, other = recipe.to_target, recipe.to_source
    assert one.encoder.own is not other.encoder.own and one.decoder.own is not other.decoder.own
    assert recipe.to_source.pristine()
    with pytest.raises(FitError, match=r"cannot start encoder\.own alike: the layers differ"):
        small(alike=True, source=(1, 8, 8))


def test_translations_go_through_the_mean_of_the_posterior() -> None:
    recipe = small()
    image = torch.rand(2, *RGB)
    assert torch.equal(
        recipe.to_target(image), recipe.to_target.decoder(recipe.to_target.encoder(image).mean)
    )


def test_the_translators_descend_the_terms_of_both_directions() -> None:
    recipe = small(
        adversarial=2, divergence=3, reconstruction=5, cycle_divergence=7, cycle=11, loss=LeastSquares()
    ).double()
    x1, x2 = (rows.double() for rows in Fake().next(2).values())
    e1, g2 = recipe.to_target.encoder, recipe.to_target.decoder
    e2, g1 = recipe.to_source.encoder, recipe.to_source.decoder
    d1, d2 = recipe.source_discriminator, recipe.target_discriminator
    with seeded(5):
        terms = recipe.translator_terms(x1, x2)
    expected = {}
    with seeded(5):
        for name, x, here, there, same, other, judge in (
            ("target", x1, e1, e2, g1, g2, d2),
            ("source", x2, e2, e1, g2, g1, d1),
        ):
            mean = here(x).mean
            z = mean + normal(*mean.shape, like=mean)
            fake = other(z)
            again = there(fake).mean
            cycle = same(again + normal(*again.shape, like=again))
            expected |= {
                f"adversarial_to_{name}": 2 * ((judge(fake) - 1) ** 2).mean() / 2,
                f"divergence_to_{name}": 3 * (mean**2 / 2).mean(),
                f"reconstruction_to_{name}": 5 * (same(z) - x).abs().mean(),
                f"cycle_divergence_to_{name}": 7 * ((mean**2 / 2).mean() + (again**2 / 2).mean()),
                f"cycle_to_{name}": 11 * (cycle - x).abs().mean(),
            }
    assert set(terms) == set(expected)
    for name, value in expected.items():
        assert torch.allclose(terms[name], value, atol=1e-10), name


def test_the_discriminators_read_translations_of_draws_and_pass_no_gradient_on() -> None:
    recipe = small(loss=LeastSquares()).double()
    x1, x2 = (rows.double() for rows in Fake().next(2).values())
    with seeded(5):
        terms = recipe.discriminator_terms(x1, x2)
    with seeded(5):
        fake2 = recipe.to_target.decoder(recipe.to_target.encoder(x1).sample())
        fake1 = recipe.to_source.decoder(recipe.to_source.encoder(x2).sample())
    for name, judge, real, fake in (
        ("target", recipe.target_discriminator, x2, fake2),
        ("source", recipe.source_discriminator, x1, fake1),
    ):
        expected = (((judge(real) - 1) ** 2).mean() + (judge(fake) ** 2).mean()) / 2
        assert torch.allclose(terms[name], expected, atol=1e-12)
    sum(terms.values()).backward()
    assert all(p.grad is None for p in recipe.to_target.parameters())


def test_penalties_are_terms_of_both_discriminators() -> None:
    recipe = small(regularizers=[R1(gamma=3.0)])
    run = TrainingRun(recipe, Fake(), batch=2, total=8)
    recipe.step(run)
    logged = run.take_log()
    for name in ("target", "source"):
        assert 0 < logged[f"discriminators/r1_{name}"] < math.inf


def test_the_discriminators_move_first_and_shared_layers_stay_shared() -> None:
    recipe = small(average=ExponentialAverage())
    run = TrainingRun(recipe, Fake(), batch=2, total=64)
    updates: list[str] = []
    update = run.update

    def noted(player: str, *given: Any, **how: Any) -> dict[str, Tensor]:
        updates.append(player)
        return update(player, *given, **how)

    run.update = noted  # type: ignore[method-assign]
    before = deepcopy(recipe.state_dict())
    recipe.step(run)
    assert updates == ["discriminators", "translators"]
    assert not torch.equal(
        recipe.to_target.encoder.trunk[0].layers[0].weight,
        before["to_target.encoder.trunk.0.layers.0.weight"],
    )
    assert recipe.to_target.encoder.trunk is recipe.to_source.encoder.trunk
    pipelines = recipe.pipelines()
    assert {name: one.reads for name, one in pipelines.items()} == {"forward": "source", "backward": "target"}
    assert pipelines["forward"].generator is not recipe.to_target


def test_domains_may_differ_in_channels_but_not_in_size() -> None:
    recipe = small(image=(1, 8, 8))
    assert recipe.pipelines()["forward"].render(torch.rand(2, *RGB)).shape == (2, 1, 8, 8)
    with pytest.raises(FitError, match=r"gives codes \(8, 2, 2\) .* reads codes \(8, 4, 4\)"):
        small(image=(3, 16, 16))


def test_translators_of_other_widths_are_refused() -> None:
    with pytest.raises(FitError, match="cannot share encoder.trunk"):
        small(to_source=translator(width=4))


def test_sizes_that_cannot_be_halved_twice_are_refused() -> None:
    with pytest.raises(FitError, match="use sides that are multiples of 4 and at least 8"):
        small(image=(3, 10, 10), source=(3, 10, 10))
