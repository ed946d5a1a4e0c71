"""How far imported networks are from the code that they come from."""

from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from gancore.testing import parity as room
from gancore.testing.parity import difference, parity


def test_a_difference_is_relative_to_the_largest_magnitude():
    found, expected = torch.tensor([1.0, -4.5]), torch.tensor([[1.0], [-5.0]])
    assert difference(found, expected) == pytest.approx(0.1)
    assert difference(expected, expected) == 0.0


def test_images_and_scores_are_those_of_the_networks_in_the_file(tmp_path, monkeypatch):
    """The generator repeats latent + label, the discriminator sums; one wrong pixel and score are seen."""
    judge = torch.nn.Module()
    judge.forward = lambda image, label: image.sum((1, 2, 3))
    generator = torch.nn.Module()
    generator.image = (1, 2, 2)
    generator.forward = lambda code: code[:, :, None, None].expand(-1, -1, 2, 2)
    made = SimpleNamespace(generator=generator, conditioner=lambda latent, label: latent + label[:, None])
    monkeypatch.setattr(room, "read_networks", lambda path: {"G": None, "D": None})
    monkeypatch.setattr(room, "import_generator", lambda network: made)
    monkeypatch.setattr(room, "import_discriminator", lambda network, image: judge)
    image = torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1).expand(2, 1, 2, 2).contiguous()
    known = {"in.z": torch.tensor([[1.0], [2.0]]), "in.y": torch.tensor([0, 1]), "out.image": image}
    known["out.scores_of_image"] = torch.tensor([[4.0], [12.0]])
    save_file(known, tmp_path / "right.safetensors")
    assert parity(tmp_path / "right.safetensors") == (0.0, 0.0)
    known["out.image"] = image.clone()
    known["out.image"][1, 0, 0, 0] = 4.0
    save_file(known, tmp_path / "wrong.safetensors")
    assert parity(tmp_path / "wrong.safetensors") == (pytest.approx(1 / 4), pytest.approx(1 / 12))
