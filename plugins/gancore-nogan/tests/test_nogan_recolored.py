import numpy as np
import pytest
import torch
from gancore_nogan import Recolored
from gancore_nogan.recolored import luma

from gancore.errors import FitError

SMALL = {"part": "resnet", "width": 4, "blocks": 1}


def colored():
    return Recolored(translator=SMALL, image=(3, 8, 12), source=(1, 8, 12))


def test_the_brightness_is_that_of_the_source():
    source = torch.rand(2, 1, 8, 12, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.allclose(luma(colored()(source)), source, atol=1e-6)


def test_the_chrominance_is_that_of_the_translation():
    source = torch.rand(2, 1, 8, 12, generator=torch.Generator().manual_seed(0)) * 2 - 1
    part = colored()
    yuv = np.array([[0.299, 0.587, 0.114], [-0.147, -0.289, 0.436], [0.615, -0.515, -0.1]])
    made, found = (
        np.einsum("yc,nchw->nyhw", yuv, image.detach().double().numpy())
        for image in (part.translator(source), part(source))
    )
    np.testing.assert_allclose(found[:, 1:], made[:, 1:], atol=1e-3)


def test_it_reads_what_its_translator_reads():
    part = colored()
    assert part.size_multiple == part.translator.size_multiple == 4
    assert part.last_layer() is part.translator.last_layer()
    assert part(torch.zeros(1, 1, 16, 20)).shape == (1, 3, 16, 20)


@pytest.mark.parametrize(
    ("source", "image"), [((3, 8, 8), (3, 8, 8)), ((1, 8, 8), (1, 8, 8)), ((1, 8, 8), (3, 16, 16))]
)
def test_other_shapes_are_refused(source, image):
    with pytest.raises(FitError):
        Recolored(translator=SMALL, image=image, source=source)


def test_the_refusal_says_what_to_do():
    with pytest.raises(FitError, match="but the source is \\(3, 8, 8\\) .* as --source-from gray does"):
        Recolored(translator=SMALL, image=(3, 8, 8), source=(3, 8, 8))
