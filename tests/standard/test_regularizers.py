import pytest
import torch
from torch import nn

from gancore.component.randomness import Rows, own_rows, seeded
from gancore.component.scored import Scored
from gancore.standard.regularizers import (
    R1,
    R2,
    Dragan,
    Drift,
    GradientPenalty,
    MaxGradient,
    OneSidedGradientPenalty,
    input_gradient,
)

ALL = [R1, R2, GradientPenalty, OneSidedGradientPenalty, Dragan, Drift]
WEIGHT = torch.tensor([[1.0, -2.0], [2.0, 4.0]])  # norm 5
SIZE = 5.0


def linear(image):
    return (image * WEIGHT.to(image)).sum((1, 2, 3))


def given(image, score, **options):
    return Scored(lambda: image, score, **options)


def scored(score, n=3, *, gradient=False, seed=0, dtype=torch.float32):
    make = torch.Generator().manual_seed(seed)
    real, fake = (torch.randn(n, 1, 2, 2, generator=make).to(dtype) for _ in range(2))
    return given(real, score, gradient=gradient), given(fake, score, gradient=gradient)


class Network(nn.Module):
    def __init__(self, dtype=torch.float64):
        super().__init__()
        torch.manual_seed(1)
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(0)
        ).to(dtype)

    def forward(self, image):
        return self.layers(image)


def penalty(part, score, **options):
    return part(score, *scored(score, gradient=part.gradient, **options))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (R1(gamma=3.0), 3 / 2 * SIZE**2),
        (R2(gamma=3.0), 3 / 2 * SIZE**2),
        (GradientPenalty(weight=3.0), 3 * (SIZE - 1) ** 2),
        (OneSidedGradientPenalty(weight=3.0), 3 * (SIZE - 1) ** 2),
        (Dragan(weight=3.0, target=2.0), 3 * (SIZE - 2) ** 2),
        (MaxGradient(weight=3.0), 3 * SIZE**2),
    ],
)
def test_closed_form_of_a_linear_discriminator(part, value):
    assert penalty(part, linear).item() == pytest.approx(value, rel=1e-5)


def test_one_sided_penalty_leaves_small_gradients_alone():
    def gentle(image):
        return linear(image) / 10

    assert penalty(OneSidedGradientPenalty(), gentle) == 0
    assert penalty(GradientPenalty(), gentle).item() == pytest.approx(10 * 0.25, rel=1e-5)


def test_output_drift_is_the_mean_square_of_real_scores():
    real, fake = scored(linear)
    assert Drift(epsilon=0.5)(linear, real, fake).item() == pytest.approx(
        0.5 * linear(real.image).square().mean().item(), rel=1e-6
    )


def test_r1_looks_at_real_images_and_r2_at_fake_ones():
    def square(image):
        return image.square().sum((1, 2, 3)) / 2  # whose gradient is the image

    real, fake = scored(square)
    assert R1(gamma=2.0)(square, real, fake).item() == pytest.approx(
        real.image.square().sum().item() / 3, rel=1e-5
    )
    assert R2(gamma=2.0)(square, real, fake).item() == pytest.approx(
        fake.image.square().sum().item() / 3, rel=1e-5
    )


def test_the_gradient_penalty_looks_between_real_and_fake():
    seen = []

    def watch(image):
        seen.append(image.detach())
        return linear(image)

    real, fake = scored(linear, n=64)
    with seeded(0):
        GradientPenalty()(watch, real, fake)
    share = (seen[0] - fake.image) / (real.image - fake.image)
    per_sample = share.flatten(1)
    assert torch.allclose(per_sample, per_sample[:, :1].expand_as(per_sample), atol=1e-3)
    assert -1e-3 <= per_sample.min() < 0.2 and 0.8 < per_sample.max() <= 1.001


def test_the_largest_gradient_of_a_batch_counts_alone():
    def steep(image):
        return image.square().sum((1, 2, 3)) / 2  # whose gradient is the image

    image = torch.tensor([1.0, -3.0, 2.0]).reshape(3, 1, 1, 1).expand(3, 1, 2, 2)
    both = given(image, steep)  # a line between equal points is that point
    assert MaxGradient(weight=0.5)(steep, both, both).item() == pytest.approx(0.5 * 4 * 9)


def test_dragan_looks_around_real_images():
    seen = []

    def watch(image):
        seen.append(image.detach())
        return linear(image)

    real, fake = scored(linear, n=2000)
    with seeded(0):
        Dragan(deviation=0.3)(watch, real, fake)
    noise = seen[0] - real.image
    assert noise.std().item() == pytest.approx(0.3, rel=0.03) and abs(noise.mean().item()) < 0.01


@pytest.mark.parametrize("cls", [R1, R2])
def test_the_main_pass_is_used_again_where_images_take_gradients(cls):
    passes = []

    def counted(image):
        passes.append(len(image))
        return linear(image)

    real, fake = scored(counted, gradient=True)
    assert real.scores.shape == fake.scores.shape
    value = cls()(counted, real, fake)
    assert len(passes) == 2
    plain_real, plain_fake = scored(counted, gradient=False)
    assert torch.equal(cls()(counted, plain_real, plain_fake), value)
    assert len(passes) == 3 and not plain_real.image.requires_grad


def test_lazy_r1_makes_no_fake_images():
    def never():
        raise AssertionError("the generator was run")

    real, _ = scored(linear, gradient=True)
    assert R1(gamma=2.0)(linear, real, Scored(never, linear)).item() == pytest.approx(SIZE**2, rel=1e-5)


def test_which_penalties_need_images_that_take_gradients():
    assert [cls for cls in ALL if cls.gradient] == [R1, R2]


@pytest.mark.parametrize("cls", [R1, R2, GradientPenalty, OneSidedGradientPenalty, Dragan])
def test_a_discriminator_that_ignores_its_image(cls):
    bias = torch.zeros(3, requires_grad=True)
    one_sided = {GradientPenalty: 10.0, Dragan: 10.0}
    assert penalty(cls(), lambda image: bias * 1).item() == one_sided.get(cls, 0)
    assert penalty(cls(), lambda image: torch.zeros(len(image))).item() == one_sided.get(cls, 0)


@pytest.mark.parametrize("cls", [GradientPenalty, OneSidedGradientPenalty, Dragan])
def test_the_norm_has_a_finite_gradient_at_zero(cls):
    weight = torch.zeros(4, requires_grad=True)
    penalty(cls(), lambda image: image.flatten(1) @ weight).backward()
    assert weight.grad.isfinite().all()


@pytest.mark.parametrize("cls", ALL)
def test_gradient_in_the_weights_agrees_with_finite_differences(cls):
    network = Network()
    names = [name for name, _ in network.named_parameters()]

    def value(*weights):
        def score(image):
            return torch.func.functional_call(network, dict(zip(names, weights, strict=True)), (image,))

        with seeded(3):
            return penalty(cls(), score, dtype=torch.float64)

    weights = tuple(p.detach().clone().requires_grad_() for p in network.parameters())
    assert torch.autograd.gradcheck(value, weights)


@pytest.mark.parametrize("cls", ALL)
def test_nothing_is_left_behind(cls):
    network = Network(torch.float32)
    real, fake = scored(network)
    cls()(network, real, fake)
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    assert real.image.grad is None and not real.image.requires_grad and not fake.image.requires_grad


@pytest.mark.parametrize("cls", [GradientPenalty, OneSidedGradientPenalty, Dragan])
def test_a_generator_gets_no_gradient_from_a_penalty_at_points_of_its_own(cls):
    weight = torch.ones(1, requires_grad=True)
    network = Network(torch.float32)
    real, _ = scored(network)
    cls()(network, real, given(real.image * weight, network)).backward()
    assert weight.grad is None and all(p.grad is not None for p in network.parameters() if p.dim() > 1)


@pytest.mark.parametrize("cls", ALL)
def test_micro_batches_are_exact(cls):
    network = Network()
    real, fake = scored(network, n=6, dtype=torch.float64)

    def value(start, stop):
        with seeded(5), own_rows(Rows(6, start, stop)):
            pieces = (given(s.image[start:stop], network, gradient=cls.gradient) for s in (real, fake))
            return cls()(network, *pieces)

    assert torch.allclose((value(0, 2) * 2 + value(2, 6) * 4) / 6, value(0, 6), rtol=1e-12)


def test_input_gradient_sums_patches_and_is_wide():
    image = torch.randn(2, 1, 4, 4).requires_grad_()
    patches = nn.functional.avg_pool2d(image, 2)
    assert torch.allclose(input_gradient(patches, image), torch.full_like(image, 0.25))
    half = image.detach().bfloat16().requires_grad_()
    assert input_gradient(half.square(), half).dtype == torch.float32


@pytest.mark.parametrize("cls", ALL)
def test_bf16_autocast(cls):
    network = Network(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        value = penalty(cls(), lambda image: network(image).float())
    assert value.dtype == torch.float32 and value.isfinite()
    value.backward()
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: R1(gamma=-1.0), "gamma must be a number, at least 0; got -1.0"),
        (lambda: R1(gamma=float("nan")), "gamma must be a number, at least 0; got nan"),
        (lambda: Dragan(deviation="wide"), "deviation must be a number, at least 0; got 'wide'"),
        (lambda: R1(every=0), "every must be a whole number, at least 1; got 0"),
    ],
)
def test_ranges(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == text
