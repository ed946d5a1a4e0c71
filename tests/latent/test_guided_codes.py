"""Guidance over the codes of a codebook, by a classifier and by pieces of images."""

import pytest
import torch
from autoencoders import discrete
from small import SmallExtractor

from gancore.errors import UserError
from gancore.latent.cutouts import Cutouts
from gancore.latent.guidance import Guidance, class_scorer, guide
from gancore.standard import UniformIndices

IMAGE = (3, 8, 8)


def away(code, vectors):
    """The largest distance of a vector of code maps `(N, D, *S)` from the nearest one of a codebook."""
    rows = code.movedim(1, -1).unsqueeze(-2)  # (N, *S, 1, D)
    return float((rows - vectors.detach()).norm(dim=-1).min(-1).values.max())


@pytest.fixture
def pipeline():
    return discrete(IMAGE, seed=2)


def test_a_classifier_leads_codes_within_the_codebook(pipeline):
    judge = SmallExtractor(image=IMAGE)
    found = guide(pipeline, class_scorer(judge, 1), Guidance(steps=60, lr=0.2), count=4, space="w")
    assert bool((found.scores[-1] > found.scores[0]).all()) and found.latent is None
    torch.testing.assert_close(
        judge.classify(judge(found.image)).log_softmax(1)[:, 1], found.scores[-1], atol=1e-4, rtol=1e-4
    )
    assert away(found.code, pipeline.conditioner.quantizer.vectors) < 1e-6


def test_images_are_guided_from_their_own_codes(pipeline):
    """A first stage alone draws nothing, until it is given a sampler."""
    pipeline.sampler = UniformIndices(latent=pipeline.conditioner.latent_shape, codebook_size=5)
    image = torch.rand(2, *IMAGE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    start = pipeline.conditioner(pipeline.encode(image)).detach()
    judge = SmallExtractor(image=IMAGE)
    score = class_scorer(judge, 0)
    found = guide(pipeline, score, Guidance(steps=40, lr=0.2), space="w", start=start)
    torch.testing.assert_close(score(pipeline.reconstruct(image)), found.scores[0], atol=1e-5, rtol=1e-4)
    assert bool((found.scores[-1] > found.scores[0]).all())


def test_indices_themselves_cannot_be_moved(pipeline):
    with pytest.raises(UserError, match="are indices below 5, .* choose w"):
        guide(pipeline, class_scorer(SmallExtractor(image=IMAGE), 1))


def test_pieces_are_squares_of_the_image_at_its_size():
    ramp = torch.arange(12.0).reshape(1, 1, 1, 12).expand(2, 3, 8, 12)
    cuts = Cutouts(lambda image: image.mean((1, 2, 3)), smallest=0.5)
    sides, seen = set(), [cuts.piece(ramp) for _ in range(60)]
    for piece in seen:
        assert piece.shape == ramp.shape and piece.min() >= 0 and piece.max() <= 11
        step = float(piece[0, 0, 0, 6] - piece[0, 0, 0, 5])  # side / 12 of an image 12 wide
        sides.add(round(12 * step))
    assert sides == {4, 5, 6, 7, 8}
    assert len({float(piece.mean()) for piece in seen}) > 10


def test_the_score_is_the_mean_of_the_pieces():
    image, calls = torch.rand(3, 3, 8, 8, requires_grad=True), []

    def score(piece):
        calls.append(piece)
        return piece.mean((1, 2, 3))

    found = Cutouts(score, 5, seed=3)(image)
    torch.testing.assert_close(found, torch.stack([piece.mean((1, 2, 3)) for piece in calls]).mean(0))
    assert len(calls) == 5 and found.shape == (3,) and found.requires_grad
    torch.testing.assert_close(Cutouts(score, 5, seed=3)(image), found)
    assert not torch.equal(Cutouts(score, 5, seed=4)(image), found)
    whole = Cutouts(score, 2, smallest=1)(image)
    torch.testing.assert_close(whole, image.mean((1, 2, 3)))


@pytest.mark.parametrize(("count", "smallest"), [(0, 0.5), (3, 0.0), (3, 1.5)])
def test_no_pieces(count, smallest):
    with pytest.raises(UserError, match="at least one piece"):
        Cutouts(lambda image: image, count, smallest=smallest)
