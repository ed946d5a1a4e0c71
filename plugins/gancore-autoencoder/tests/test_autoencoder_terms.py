"""The equations of distances, penalties and corruptions, by hand."""

import math

import pytest
import torch
from gancore_autoencoder import (
    AbsoluteCode,
    Autoencoder,
    AutoencoderEncoder,
    AutoencoderGenerator,
    Coded,
    CodeNorm,
    Contractive,
    CrossEntropy,
    DecoderGradient,
    DecoderWeights,
    ExPost,
    KSparse,
    MaskingNoise,
    MLPEncoder,
    MLPGenerator,
    ProjectedContractive,
    SaltAndPepper,
    SparseActivation,
    SpectralGenerator,
    SquaredError,
)
from torch import nn

from gancore.component.interfaces import Encoder, Generator
from gancore.component.part import fact, part
from gancore.component.randomness import seeded
from gancore.errors import FitError
from gancore.nn import SpectralConvTranspose2d
from gancore.nn.jacobian import jacobian_norm, projected_jacobian_norm

IMAGE = (1, 4, 4)


def images(n=6, image=IMAGE):
    return torch.rand(n, *image, generator=torch.Generator().manual_seed(0)) * 2 - 1


def coded(n=6, activation="linear", read=None):
    """A batch on its way through a small pair, read by an encoder of one layer."""
    image = images(n)
    encoder = MLPEncoder(widths=(), activation=activation, image=IMAGE, latent=(3,))
    generator = MLPGenerator(widths=(5,), hidden="tanh", latent=3, image=IMAGE)
    return Coded(image, (image if read is None else read).clone().requires_grad_(), encoder, generator)


# distances


def test_the_squared_error_is_summed_over_values():
    seen = coded()
    expected = [float(((x - y) ** 2).sum()) for x, y in zip(seen.image, seen.made.detach(), strict=True)]
    assert SquaredError()(seen).tolist() == pytest.approx(expected)


def test_the_cross_entropy_is_that_of_probabilities():
    seen = coded()
    x, y = (seen.image.double() + 1) / 2, (seen.made.double() + 1) / 2
    expected = -(x * y.log() + (1 - x) * (1 - y).log()).flatten(1).sum(1)
    assert torch.allclose(CrossEntropy()(seen).double(), expected, rtol=1e-5)


def test_the_corrupted_image_is_encoded_and_the_original_compared():
    recipe = Autoencoder(
        image=IMAGE,
        encoder=MLPEncoder(widths=()),
        generator=MLPGenerator(widths=(), latent=3),
        corruptions=[MaskingNoise(fraction=1.0)],
    )
    black = recipe.generator(recipe.encoder(torch.full((1, *IMAGE), -1.0)))
    expected = (images() - black).square().flatten(1).sum(1).mean()
    assert torch.allclose(recipe.terms(images())["reconstruction"], expected)


# corruptions


@pytest.mark.parametrize("fraction", [0.0, 0.25, 1.0])
def test_masking_blackens_the_same_number_of_values_in_each_image(fraction):
    image = images(5, (3, 4, 6)).clamp(-0.9)
    made = MaskingNoise(fraction=fraction)(image)
    black = made == -1
    assert black.flatten(1).sum(1).tolist() == [round(72 * fraction)] * 5
    assert torch.equal(made[~black], image[~black])
    assert fraction != 0.25 or not torch.equal(black[0], black[1])


def test_salt_and_pepper_are_equally_likely():
    image = images(200, (1, 8, 8)).clamp(-0.9, 0.9)
    with seeded(0):
        made = SaltAndPepper(fraction=0.5)(image)
    salt, pepper = (made == 1).flatten(1).sum(1), (made == -1).flatten(1).sum(1)
    assert (salt + pepper == 32).all()
    assert abs(float(salt.float().mean()) - 16) < 0.6
    assert torch.equal(made[made.abs() < 1], image[made.abs() < 1])


# penalties of codes


def test_penalties_of_codes_by_hand():
    seen = coded()
    code = seen.code.double()
    assert CodeNorm(weight=0.3)(seen).item() == pytest.approx(0.15 * code.square().sum().item() / 6)
    assert AbsoluteCode(weight=0.3)(seen).item() == pytest.approx(0.3 * code.abs().sum().item() / 6)
    squares = sum(float(p.detach().double().square().sum()) for p in seen.generator.parameters())
    assert DecoderWeights(weight=0.3)(seen).item() == pytest.approx(0.3 * squares)


def test_sparse_activation_is_the_divergence_of_coins():
    seen = coded(activation="sigmoid")
    mean = seen.code.detach().double().mean(0).tolist()
    expected = sum(0.2 * math.log(0.2 / m) + 0.8 * math.log(0.8 / (1 - m)) for m in mean)
    assert SparseActivation(weight=2.0, target=0.2)(seen).item() == pytest.approx(2 * expected, rel=1e-4)


def test_sparse_activation_is_zero_at_the_target_and_finite_at_dead_codes():
    class Given:
        def __init__(self, code):
            self.code = code

    at_target = SparseActivation(target=0.2)(Given(torch.full((3, 4), 0.2)))
    assert float(at_target) == pytest.approx(0, abs=1e-6)
    dead = torch.zeros(3, 4, requires_grad=True)
    assert SparseActivation()(Given(dead)).isfinite()


# penalties of Jacobians


def test_the_contractive_penalty_is_the_closed_form_of_one_layer():
    """Rifai et al. 2011: Σ_j (h_j (1 - h_j))² Σ_i W_ji², here with x = (image + 1) / 2."""
    seen = coded(activation="sigmoid")
    weight = seen.encoder.layers[0].weight.detach().double() / 2
    h = seen.code.detach().double()
    expected = ((h * (1 - h)) ** 2 @ (weight**2).sum(1)).mean()
    assert Contractive(weight=0.7)(seen).item() == pytest.approx(0.7 * float(expected), rel=1e-4)


def test_projections_estimate_the_norm_without_bias():
    seen = coded(2, activation="sigmoid")
    exact = jacobian_norm(seen.code, seen.read)
    with seeded(0):
        many = projected_jacobian_norm(seen.code, seen.read, 4000)
        mean = ProjectedContractive(weight=2.0, projections=4000)(seen)
    assert torch.allclose(many, exact, rtol=0.1)
    assert float(mean) == pytest.approx(2 * float(exact.mean()), rel=0.1)


def test_the_decoders_penalty_is_that_of_its_jacobian():
    seen = coded(2)
    whole = torch.autograd.functional.jacobian(seen.generator, seen.code.detach())  # (2, 1, 4, 4, 2, 3)
    expected = sum(float(whole[i, ..., i, :].square().sum()) for i in range(2)) / 2
    with seeded(0):
        made = DecoderGradient(weight=0.5, projections=4000)(seen)
    assert float(made) == pytest.approx(0.5 * expected, rel=0.1)


@pytest.mark.parametrize("penalty", [Contractive, ProjectedContractive, DecoderGradient])
def test_the_gradient_of_a_jacobian_penalty_is_a_slope(penalty):
    """The penalty is differentiable in the weights: its gradient agrees with finite differences."""
    seen = coded(3, activation="sigmoid")
    seen.encoder.double(), seen.generator.double()
    part_ = penalty()
    weight = (seen.generator.layers[0] if penalty is DecoderGradient else seen.encoder.layers[0]).weight

    def value():
        with seeded(1):
            read = seen.image.double().requires_grad_()
            return part_(Coded(seen.image.double(), read, seen.encoder, seen.generator))

    (gradient,) = torch.autograd.grad(value(), weight)
    direction = torch.randn(weight.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    around = []
    for step in (1e-5, -1e-5):
        with torch.no_grad():
            weight.add_(step * direction)
        around.append(float(value()))
        with torch.no_grad():
            weight.sub_(step * direction)
    slope = (around[0] - around[1]) / 2e-5
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-4)


# encoders and decoders


def test_k_sparse_keeps_the_largest_values():
    inner = MLPEncoder(widths=(), image=IMAGE, latent=(5,))
    sparse = KSparse(encoder=inner, k=2, image=IMAGE, latent=(5,))
    whole, made = inner(images()), sparse(images())
    for row, kept in zip(whole, made, strict=True):
        largest = row.argsort(descending=True)[:2]
        assert torch.equal(kept[largest], row[largest]) and int((kept != 0).sum()) == 2
    with pytest.raises(FitError, match="keeps 6 values of codes that have 5; set k to at most 5"):
        KSparse(encoder=MLPEncoder(widths=()), k=6, image=IMAGE, latent=(5,))


def test_the_spectral_decoder_has_layers_of_norm_one():
    decoder = SpectralGenerator(width=4, latent=3, image=(1, 8, 8))
    layers = [m for m in decoder.modules() if hasattr(m, "effective_weight") and hasattr(m, "v")]
    assert len(layers) == 4
    for layer in layers:
        weight = layer.effective_weight().detach()
        rows = weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else weight
        for _ in range(100):
            layer.update_buffers()
        norm = torch.linalg.matrix_norm((rows * 1.0).flatten(1), 2)
        assert 0.98 < float(norm) < 1.3
        exact = layer.weight.detach()
        exact = exact.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else exact
        assert float(layer.sigma()) == pytest.approx(
            float(torch.linalg.matrix_norm(exact.flatten(1), 2)), rel=1e-3
        )


def test_a_transposed_convolution_is_divided_by_its_norm():
    layer = SpectralConvTranspose2d(3, 5, 4, stride=2, padding=1)
    layer.update_buffers(200)
    plain = nn.ConvTranspose2d(3, 5, 4, stride=2, padding=1)
    norm = torch.linalg.matrix_norm(layer.weight.detach().transpose(0, 1).reshape(5, -1), 2)
    with torch.no_grad():
        plain.weight.copy_(layer.weight / norm), plain.bias.copy_(layer.bias)
    x = torch.randn(2, 3, 6, 6)
    assert layer.v.shape == (3, 1, 4, 4)
    assert torch.allclose(layer(x), plain(x), atol=1e-5)


@pytest.mark.parametrize("image", [(3, 32, 32), (1, 28, 28), (4, 16, 24), (2, 4, 4)])
def test_the_convolutional_pair_takes_any_channels_and_multiples_of_four(image):
    encoder = AutoencoderEncoder(width=4, latent=(3,), image=image)
    decoder = AutoencoderGenerator(width=4, latent=3, image=image)
    code = encoder(torch.zeros(2, *image))
    assert code.shape == (2, 3) and decoder(code).shape == (2, *image)


def test_what_does_not_fit_is_refused():
    with pytest.raises(FitError, match="multiples of 4; got 30×32: choose another size"):
        Autoencoder(image=(3, 30, 32))

    with pytest.raises(FitError, match=r"cross-entropy needs a decoder with logits.*reconstruction/squared-"):
        Autoencoder(image=IMAGE, generator=Plain(), encoder=MLPEncoder(), reconstruction=CrossEntropy())
    with pytest.raises(FitError, match="reads labels, which recipe/autoencoder does not have"):
        Autoencoder(image=IMAGE, generator=MLPGenerator(), encoder=Labeled())
    with pytest.raises(FitError, match="reads labels, which recipe/ex-post does not have; take the encoder"):
        ExPost(image=IMAGE, generator=MLPGenerator(), encoder=Labeled())


@part("plain-oracle-autoencoder")
class Plain(Generator):
    def build(self):
        self.map = nn.Linear(3, 16)

    @property
    def code_shape(self):
        return (3,)

    def forward(self, code):
        return self.map(code).reshape(-1, *self.image)


@part("labeled-oracle-autoencoder")
class Labeled(Encoder):
    conditional = True
    latent: tuple[int, ...] = fact()

    def forward(self, image, label=None):
        return image.flatten(1)[:, :64]
