"""What the sources of translations score themselves, and how sharp translations are."""

import numpy as np
import pytest
import torch
from PIL import Image
from toy_study import Images, Toy, images

from gancore.data import Unpaired, open_data, open_pairs
from gancore.measure.anchors import anchors
from gancore.measure.frechet import Frechet
from gancore.measure.identity import IdentityImages, has_identity, in_shape
from gancore.measure.pairs import Pairs
from gancore.measure.sets import DatasetImages
from gancore.measure.sharpness import gradient_magnitude, sharpness
from gancore.measure.study import PairedSets, Study


def test_sources_are_enlarged_as_pillow_does():
    small = np.random.default_rng(0).integers(60, 200, (2, 8, 6, 3), np.uint8)
    shown = in_shape(torch.from_numpy(small).permute(0, 3, 1, 2) / 127.5 - 1, (3, 32, 24))
    for made, image in zip(shown, small, strict=True):
        other = np.asarray(Image.fromarray(image).resize((24, 32), Image.Resampling.BICUBIC)).astype(float)
        assert np.abs((made.permute(1, 2, 0).numpy() + 1) * 127.5 - other).max() < 1.5


@pytest.mark.parametrize("source", [1, 2, 3, 4])
@pytest.mark.parametrize("target", [1, 2, 3, 4])
def test_channels_become_those_of_the_target(source, target):
    rows = torch.full((2, source, 4, 4), 0.25)
    if source in (2, 4):
        rows[:, -1] = 1  # opaque
    made = in_shape(rows, (target, 4, 4))
    assert made.shape == (2, target, 4, 4)
    color = made[:, :-1] if target in (2, 4) else made
    assert torch.allclose(color, torch.tensor(0.25), atol=1 / 255)
    assert target in (1, 3) or bool((made[:, -1] == 1).all())
    assert has_identity((source, 4, 4), (target, 4, 4)) and not has_identity((5, 4, 4), (target, 4, 4))


def test_alpha_lies_on_white():
    rows = torch.tensor([-1.0, -1.0, -1.0, 0.0]).reshape(1, 4, 1, 1)
    assert in_shape(rows, (3, 1, 1)).flatten().tolist() == [0.0, 0.0, 0.0]


def test_the_gradient_of_a_ramp_is_its_slope():
    x, y = torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="xy")
    ramp = torch.stack([0.03 * x + 0.04 * y, 0.1 * x])[:, None]
    assert gradient_magnitude(ramp).tolist() == pytest.approx([0.05, 0.1], rel=1e-6)


def test_sharpness_is_the_ratio_of_mean_gradients():
    real = images(40, seed=1)
    found = sharpness(real / 2, real)
    assert found.value == pytest.approx(0.5) and found.error == pytest.approx(0, abs=1e-12)
    assert (found.better, found.perfect) == ("neither", 1)
    blurred = torch.nn.functional.avg_pool2d(real, 3, 1, 1, count_include_pad=False)
    noisy = real + 0.5 * torch.randn(real.shape, generator=torch.Generator().manual_seed(0))
    assert sharpness(blurred, real).value < 0.9 < 1 < sharpness(noisy, real).value
    assert sharpness(real, torch.zeros_like(real)) is None
    assert sharpness(real[..., :1], real[..., :1]) is None


def test_the_error_of_sharpness_is_that_of_repeated_draws():
    rng = torch.Generator().manual_seed(0)
    scale, shared = (torch.rand(4000, 1, 1, 1, generator=rng) + 0.5 for _ in range(2))
    base = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    made, real = scale * shared * base, shared * base
    values = [sharpness(made[i : i + 50], real[i : i + 50]) for i in range(0, 4000, 50)]
    spread = float(np.std([one.value for one in values], ddof=1))
    assert spread == pytest.approx(np.mean([one.error for one in values]), rel=0.25)


def pairs_study(data, made, **others):
    source, target = (DatasetImages(data, entry=entry) for entry in ("source", "target"))
    return Study(
        Images(made), target, Toy(), sources=source, pairs=PairedSets(Images(made), target, source), **others
    )


def test_the_identity_is_scored_beside_translations(tmp_path, monkeypatch):
    monkeypatch.setenv("GANCORE_CACHE", str(tmp_path))
    pixels = ((images(40, seed=3) + 1) * 127.5).byte().numpy()
    data = open_pairs(pixels, "smaller-2", layout="NCHW")
    study = pairs_study(data, images(40, seed=5))
    found = anchors(study, [Frechet(allow_few=True), Pairs()])["identity"]
    _, height, width = data.image
    assert found["what"] == f"sources, resized to {height}×{width} by bicubic" and found["count"] == 40
    rows = data.rows(np.arange(40))
    enlarged = IdentityImages(study.sources, data.image).rows(torch.arange(40))
    assert torch.equal(enlarged, next(IdentityImages(study.sources, data.image).batches()))
    expected = float((enlarged - rows["target"]).double().abs().mean() / 2)
    assert found["scores"]["MAE"] == pytest.approx(expected, rel=1e-6)
    assert found["scores"]["sharpness"] < 1 and found["scores"]["FD[toy-1]"] > 0
    again = pairs_study(data, images(40, seed=6))
    assert anchors(again, [Frechet(allow_few=True), Pairs()])["identity"] == found


def test_without_pairs_the_identity_has_the_scores_of_images():
    one, other = (
        open_data(((images(40, seed=seed) + 1) * 127.5).byte().numpy(), layout="NCHW") for seed in (1, 2)
    )
    source, target = (DatasetImages(Unpaired(one, other), entry=entry) for entry in ("source", "target"))
    study = Study(Images(images(40)), target, Toy(), sources=source)
    found = anchors(study, [Frechet(allow_few=True), Pairs()])["identity"]
    assert found["what"] == "sources as they are" and list(found["scores"]) == ["FD[toy-1]"]
    assert "identity" not in anchors(Study(Images(images(40)), target, Toy()), [Frechet(allow_few=True)])
