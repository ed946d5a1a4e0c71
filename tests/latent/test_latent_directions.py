"""Directions: orthogonal, repeatable, and those that a known model has."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from gancore.errors import UserError
from gancore.latent.directions import (
    principal_directions,
    random_directions,
    random_directions_among,
    response_directions,
)


def orthonormal(vectors):
    flat = vectors.flatten(1)
    return torch.allclose(flat @ flat.T, torch.eye(len(flat)), atol=1e-5)


@pytest.mark.parametrize("shape", [(2,), (100,), (4, 6), (2, 3, 4)])
def test_random_directions_are_orthonormal_and_follow_from_the_seed(shape):
    first = random_directions(shape, seed=1)
    assert first.shape == (2, *shape) and first.dtype == torch.float32 and orthonormal(first)
    assert torch.equal(first, random_directions(shape, seed=1))
    assert not torch.allclose(first, random_directions(shape, seed=2), atol=0.01)


def test_random_directions_favor_no_axis():
    several = torch.stack([random_directions((3,), 1, seed=seed)[0] for seed in range(600)])
    assert several.mean(0).abs().max() < 0.1
    assert torch.allclose(several.T @ several / 600, torch.eye(3) / 3, atol=0.05)


def test_directions_among_points_stay_where_points_are():
    latent = torch.randn(40, 5)
    layered = latent[:, None].expand(-1, 3, -1)
    found = random_directions_among(layered, seed=0)
    assert found.shape == (2, 3, 5) and orthonormal(found)
    assert torch.allclose(found[:, 0], found[:, 2], atol=1e-5)


@pytest.mark.parametrize("count", [300, 7])
def test_principal_directions_equal_sklearns(count):
    rng = np.random.default_rng(0)
    codes = (
        rng.normal(size=(count, 12))
        @ np.diag(np.geomspace(5, 0.1, 12))
        @ np.linalg.qr(rng.normal(size=(12, 12)))[0]
    )
    found, reference = (
        principal_directions(torch.from_numpy(codes).float().reshape(count, 3, 4), 4),
        PCA(4).fit(codes),
    )
    assert found.vectors.shape == (4, 3, 4) and orthonormal(found.vectors)
    likeness = (found.vectors.flatten(1).numpy() * reference.components_).sum(1)
    assert np.allclose(abs(likeness), 1, atol=1e-4)
    assert np.allclose(found.deviation, reference.explained_variance_**0.5, rtol=1e-4)
    assert (
        found.vectors.flatten(1).gather(1, found.vectors.flatten(1).abs().argmax(1, keepdim=True)) > 0
    ).all()


def test_what_moves_images_most_is_found_behind_a_linear_map():
    strength = torch.tensor([0.1, 8.0, 1.0, 4.0, 0.1])
    turned = torch.linalg.qr(torch.randn(30, 5, generator=torch.Generator().manual_seed(0)))[0]
    latents = torch.randn(2000, 5, generator=torch.Generator().manual_seed(1))
    found = response_directions(latents, ((latents * strength) @ turned.T).reshape(-1, 3, 10), 3)
    assert found.vectors.abs().argmax(1).tolist() == [1, 3, 2]
    assert (found.vectors.abs().max(1).values > 0.98).all() and orthonormal(found.vectors)
    assert torch.allclose(found.deviation, torch.ones(3), atol=0.1)


def test_more_directions_than_there_are():
    with pytest.raises(UserError, match="from 1 to 3 directions can be found here; got 4"):
        random_directions((3,), 4, seed=0)
    with pytest.raises(UserError, match="from 1 to 4 directions can be found here; got 5"):
        principal_directions(torch.randn(5, 9), 5)
