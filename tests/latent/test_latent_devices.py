"""Commands whose networks run on another device, one that is pretended."""

import numpy as np
import pytest
import torch

import gancore
from gancore.cli import run
from gancore.errors import UserError
from gancore.latent.codes import codes_of
from gancore.measure.path_length import PathLength
from gancore.pictures.grid import to_pil
from gancore.verbs.explore import explored


@pytest.fixture(scope="module")
def pictures(saved, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(20):
        to_pil(gancore.load(saved / "plain").sample(1, seed=seed))[0].save(folder / f"{seed}.png")
    return folder


MADE = {
    "sample": lambda run, device: gancore.sample(run, count=3, truncation=0.7, device=device).images,
    "seeds": lambda run, device: gancore.sample(run, seeds="1-3", device=device).images,
    "interpolate": lambda run, device: gancore.interpolate(run, count=2, device=device).legs().images,
    "in w": lambda run, device: gancore.interpolate(run, count=2, space="w", device=device).legs().images,
    "mix": lambda run, device: gancore.mix(run, sources="0-1", destinations="2", device=device).images,
}


@pytest.mark.parametrize("name", MADE)
def test_images_are_those_of_the_cpu(saved, name, device):
    made = [MADE[name](saved / "layered", where) for where in (None, device)]
    assert torch.equal(*made) and made[1].device.type == "cpu"


def test_an_image_is_projected_the_generator_tuned_and_the_code_edited(saved, pictures, place, device):
    files = [pictures / "0.png", pictures / "1.png"]
    for where in (None, device):
        found = gancore.invert(
            saved / "layered", files, steps=3, tune_steps=2, device=where, output=f"found-{where}"
        )
    assert found.distances["0"]["tuned"]["MAE"] > 0 and found.found.code.device.type == "cpu"
    for name in ("0.npy", "0.png", "inversion.json"):
        assert (place / f"found-{device}" / name).read_bytes() == (place / "found-None" / name).read_bytes()
    moves = gancore.directions(saved / "layered", count=2, device=device)
    strips = gancore.edit(
        saved / "layered", directions=moves, code=place / "found-None/0.npy", steps=3, device=device
    )
    assert len(strips) == 3 and strips.images.device.type == "cpu"


@pytest.mark.parametrize("method", ["ganspace", "linear"])
def test_directions_are_those_of_the_cpu(saved, method, place, device):
    np.save("labels.npy", np.arange(100) % 2)
    options = {"labels": "labels.npy"} if method == "linear" else {"count": 2}
    found = [
        gancore.directions(saved / "layered", method=method, device=where, **options)
        for where in (None, device)
    ]
    assert torch.allclose(found[0].vectors, found[1].vectors, atol=1e-6)
    strips = gancore.edit(saved / "layered", directions=found[1], steps=2, device=device)
    assert strips.images.device.type == "cpu"


def test_scores_are_those_of_the_cpu(saved, pictures, device):
    options = {"against": pictures, "count": 20, "score": ["precision-recall", PathLength(count=100)]}
    found = [gancore.evaluate(saved / "layered", device=where, **options).scores for where in (None, device)]
    assert found[0] == found[1] and len(found[1]) >= 3
    images = gancore.evaluate(pictures, against=pictures, score="precision-recall", device=device)
    assert images.scores["precision[emoji-1]"].value == 1


def test_a_latent_space_is_explored(saved, device):
    views = [
        explored(saved / "layered", device=where).walk.image({"seed": 1, "truncation": 0.5})
        for where in (None, device)
    ]
    assert torch.equal(*views)


def test_a_pipeline_goes_where_it_is_told_and_else_stays(saved, device):
    pipeline = gancore.load(saved / "plain", device=device)
    assert pipeline.device.type == device == gancore.load(pipeline).device.type
    latent, label = pipeline.draw(2, seed=0)
    assert codes_of(pipeline, latent, label).device.type == "cpu"
    assert gancore.load(pipeline, device="cpu").device.type == "cpu"


def test_a_device_that_is_not_there_is_named(saved, place, capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert run(["sample", str(saved / "plain"), "--device", "cuda:7"]) == 2
    assert "device 'cuda:7' is not available; found: cpu. Give auto" in capsys.readouterr().err
    with pytest.raises(UserError, match="cuda:7.*not available; found: cpu"):
        gancore.sample(saved / "plain", device="cuda:7")
    with pytest.raises(UserError, match="give auto, cpu, cuda"):
        gancore.evaluate(saved / "plain", against=place, device="gpu")
