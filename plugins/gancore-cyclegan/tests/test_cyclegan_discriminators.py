import importlib.util
from pathlib import Path

import torch
from gancore_cyclegan import PlainPatchGAN

from gancore.standard.patchgan import PatchGAN


def test_the_area_is_how_often_one_is_above_the_other() -> None:
    path = Path(__file__).parents[1] / "tools" / "discriminators.py"
    found = importlib.util.spec_from_file_location("discriminators", path)
    assert found is not None and found.loader is not None
    tool = importlib.util.module_from_spec(found)
    found.loader.exec_module(tool)
    assert tool.area(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 3.0])) == 0.75
    judge = PatchGAN(width=4, layers=1, image=(3, 8, 8))
    dark, light = torch.full((9, 3, 8, 8), -0.5), torch.rand(9, 3, 8, 8)
    assert list(tool.trained(judge, 1e-2, dark, light, [2, 30])) == [2, 30]
    assert tool.area(*(judge(rows).flatten(1).mean(1) for rows in (dark, light))) == 1


def test_without_normalization_the_contrast_of_an_image_counts() -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 3, 16, 16) - 0.5
    plain = PlainPatchGAN(width=4, layers=1, image=(3, 16, 16))
    inside = plain.forward_features(image)
    assert torch.allclose(plain.forward_features(2 * image), 2 * inside, atol=1e-5)  # biases are 0
    normalized = PatchGAN(width=4, layers=1, image=(3, 16, 16))
    ratio = normalized.forward_features(2 * image).norm() / normalized.forward_features(image).norm()
    assert 0.9 < ratio < 1.3
