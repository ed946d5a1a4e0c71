import math

import numpy as np
import pytest
import torch
from gancore_vae import (
    VAE,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    dci,
    draw_factors,
    mutual_information_gap,
    shapes,
)
from gancore_vae.mig_dci import lasso
from sklearn.linear_model import Lasso

from gancore.cli import run as gancore
from gancore.errors import UserError
from gancore.training.start import train


@pytest.fixture(scope="module")
def factors():
    return draw_factors(4000, rng=torch.Generator().manual_seed(0))


def test_every_factor_changes_the_image_and_no_two_images_are_alike():
    rows = torch.cartesian_prod(*map(torch.arange, (3, 4, 6, 2, 2)))
    images = shapes(rows, 32)
    assert images.shape == (len(rows), 1, 32, 32) and images.min() == -1 and images.max() == 1
    assert len(torch.unique(images.flatten(1), dim=0)) == len(rows)


def test_shapes_stand_where_their_factors_say():
    rows = torch.tensor([[0, 3, 0, right, down] for right, down in ((0, 0), (7, 0), (3, 7))])
    mass = (shapes(rows, 64)[:, 0] + 1) / 2
    axis = (torch.arange(64) + 0.5) / 32 - 1
    area = mass.sum((1, 2))
    x, y = ((mass.sum(dim) * axis).sum(1) / area for dim in (1, 2))
    assert torch.allclose(x, torch.tensor([-0.49, 0.49, -0.07]), atol=0.01)
    assert torch.allclose(y, torch.tensor([-0.49, -0.49, 0.49]), atol=0.01)
    # a square of side 2 × 0.8 × 0.4 of 2
    assert float(area[0]) == pytest.approx((0.64 / 2 * 64) ** 2, rel=0.05)


def test_codes_that_are_the_factors_have_the_largest_values(factors):
    codes = factors.float() * torch.tensor([1.0, -2.0, 0.5, 3.0, 1.0])
    assert mutual_information_gap(codes, factors) == pytest.approx(1, abs=0.02)
    found = dci(codes, factors)
    assert found.disentanglement > 0.99 and found.completeness > 0.99 and found.error < 0.02


def test_noise_knows_nothing(factors):
    codes = torch.randn(len(factors), 5, generator=torch.Generator().manual_seed(1))
    assert abs(mutual_information_gap(codes, factors)) < 0.02
    assert dci(codes, factors).error == pytest.approx(1, abs=0.02)


def test_rotated_codes_are_informative_but_not_disentangled(factors):
    standard = (factors - factors.double().mean(0)) / factors.double().std(0)
    rotation = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(2)).double()).Q
    found = dci(standard @ rotation, factors)
    assert found.error < 0.05 and found.disentanglement < 0.6 and found.completeness < 0.6
    assert mutual_information_gap((standard @ rotation).float(), factors) < 0.2


def test_the_gap_is_that_of_the_definition():
    # z_1 is v; z_2 is v in half of the rows and a coin otherwise: I = 1 - H(1/4) bits
    v = torch.tensor([0, 1]).repeat(4000)
    half = torch.arange(8000) % 4 < 2
    coin = torch.where(half, v, torch.arange(8000) // 4 % 2)
    codes = torch.stack([v, coin], 1).float()
    p = 0.75
    information = 1 + p * math.log2(p) + (1 - p) * math.log2(1 - p)
    assert mutual_information_gap(codes, v[:, None]) == pytest.approx(1 - information, abs=1e-3)


def test_the_lasso_is_that_of_scikit_learn():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(200, 6, generator=rng).double()
    y = x @ torch.tensor([1.0, 0, -0.5, 0, 0.02, 0]).double()[:, None] + 0.1
    oracle = Lasso(alpha=0.05, fit_intercept=False, tol=1e-8).fit(x.numpy(), y[:, 0].numpy())
    assert np.allclose(lasso(x, y, 0.05)[:, 0].numpy(), oracle.coef_, atol=1e-4)


def test_the_commands_write_shapes_and_print_both(tmp_path, capsys):
    assert gancore(["write-shapes", str(tmp_path / "shapes.npy"), "--count", "40", "--size", "8"]) == 0
    assert np.load(tmp_path / "shapes.npy").shape == (40, 8, 8)
    recipe = VAE(
        generator=ConvolutionalDecoder(width=2, latent=3), encoder=ConvolutionalEncoder(width=2), batch=8
    )
    train(recipe, str(tmp_path / "shapes.npy"), output=tmp_path / "run", images=16, evaluate_every=0)
    capsys.readouterr()
    assert gancore(["disentanglement", str(tmp_path / "run"), "--count", "300"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("MIG", "disentanglement", "completeness", "error"))


def test_wrong_input_is_named(factors, tmp_path):
    with pytest.raises(UserError, match="shape below 3, scale below 4"):
        shapes(torch.tensor([[3, 0, 0, 0, 0]]))
    with pytest.raises(UserError, match=r"got \(4000, 1\) and \(4000, 5\)"):
        mutual_information_gap(torch.zeros(4000, 1), factors)
    assert gancore(["write-shapes", str(tmp_path / "shapes.txt")]) == 2
