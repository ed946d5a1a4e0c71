import pytest
import torch
from gancore_cgan import (
    ACGANDiscriminator,
    ACGANGenerator,
    CGANDiscriminator,
    CGANGenerator,
    InfoGANDiscriminator,
    InfoGANGenerator,
    MaxoutCGANDiscriminator,
    MLPCGANGenerator,
)
from gancore_cgan.joined import with_planes
from torch import nn

from gancore.errors import FactError, FitError
from gancore.nn.initializers import normal_weights

DIGITS = {"image": (1, 28, 28), "classes": 10}
LABELED = (CGANGenerator, CGANDiscriminator, MLPCGANGenerator, MaxoutCGANDiscriminator, ACGANGenerator)
TINY = {"image": (3, 8, 8), "classes": 3}


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def linear(inputs, outputs):
    return (inputs + 1) * outputs


def test_parameters_of_the_fully_connected_networks_are_those_of_the_paper():
    generator = linear(100, 200) + linear(10, 1000) + linear(1200, 1200) + linear(1200, 784)
    judge = linear(784, 240 * 5) + linear(10, 50 * 5) + linear(290, 240 * 4) + linear(240, 1)
    assert parameters(MLPCGANGenerator(**DIGITS)) == generator == 2_413_984
    assert parameters(MaxoutCGANDiscriminator(**DIGITS)) == judge == 1_224_351


def test_layers_of_acgan_are_those_of_the_paper():
    facts = {"image": (3, 32, 32), "classes": 10}
    generator, judge = ACGANGenerator(**facts), ACGANDiscriminator(image=(3, 32, 32))
    assert tuple(generator.start.weight.shape) == (384 * 16, 110)
    ups = [m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [(m.in_channels, m.out_channels, m.kernel_size[0]) for m in ups] == [
        (384, 192, 5),
        (192, 96, 5),
        (96, 3, 5),
    ]
    downs = [m for m in judge.modules() if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in downs] == [16, 32, 64, 128, 256, 512]
    assert [m.stride[0] for m in downs] == [2, 1, 2, 1, 2, 1]
    assert tuple(judge.score.weight.shape) == (1, 512 * 16)
    assert len([m for m in judge.modules() if isinstance(m, nn.BatchNorm2d)]) == 5


def test_layers_of_infogan_are_those_of_the_paper():
    generator, judge = InfoGANGenerator(image=(1, 28, 28)), InfoGANDiscriminator(image=(1, 28, 28))
    full = [tuple(m.weight.shape) for m in generator.modules() if isinstance(m, nn.Linear)]
    assert full == [(1024, 74), (128 * 49, 1024)]
    ups = [m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [(m.in_channels, m.out_channels) for m in ups] == [(128, 64), (64, 1)]
    assert [m.out_channels for m in judge.modules() if isinstance(m, nn.Conv2d)] == [64, 128]
    assert judge.forward_features(torch.zeros(2, 1, 28, 28)).shape == (2, 1024)


@pytest.mark.parametrize("image", [(1, 28, 28), (4, 16, 32), (3, 48, 48)])
def test_images_of_every_size_and_any_channels(image):
    facts = {"image": image, "classes": 3}
    code = torch.cat([torch.randn(2, 5), torch.eye(3)[:2]], 1)
    for generator in (CGANGenerator, MLPCGANGenerator, ACGANGenerator):
        options = {} if generator is MLPCGANGenerator else {"width": 8}
        made = generator(latent_size=5, **options, **facts)(code)
        assert made.shape == (2, *image) and made.abs().max() <= 1
    made = InfoGANGenerator(image=image, latent_size=8, width=2, hidden=4)(code)
    label = torch.tensor([0, 2])
    assert CGANDiscriminator(width=2, **facts)(made, label).shape == (2,)
    assert MaxoutCGANDiscriminator(**facts)(made, label).shape == (2,)
    for judge in (ACGANDiscriminator(image=image, width=2), InfoGANDiscriminator(image=image, width=2)):
        assert judge(made).shape == (2,)


def test_the_label_is_a_plane_beside_every_map():
    generator, judge = CGANGenerator(width=4, latent_size=6, **TINY), CGANDiscriminator(width=4, **TINY)
    assert [m.in_channels for m in generator.layers] == [6 + 3, 4 + 3]
    deep = CGANDiscriminator(width=4, image=(3, 32, 32), classes=3)
    assert [m.in_channels for m in (deep.first, *deep.layers, deep.score)] == [3, 4 + 3, 8 + 3, 16 + 3, 16]
    assert [m.in_channels for m in (judge.first, *judge.layers, judge.score)] == [3, 4 + 3, 4]
    planes = with_planes(torch.zeros(2, 1, 2, 2), torch.tensor([[1.0, 0, 0], [0, 0.5, 0]]))
    assert planes[:, 1:].mean((2, 3)).tolist() == [[1, 0, 0], [0, 0.5, 0]] and planes.shape == (2, 4, 2, 2)


def test_what_is_real_for_one_label_is_not_for_another():
    """Image and label act together, at the smallest size too: scores are no sum of a term for each."""
    judge = CGANDiscriminator(width=4, **TINY).eval()
    normal_weights(judge, 1.0)
    image = torch.randn(2, 3, 8, 8).repeat_interleave(2, 0)
    scores = judge(image, torch.tensor([0, 1, 0, 1]))
    assert abs(scores[0] - scores[1] - scores[2] + scores[3]) > 1e-3


def test_soft_labels_are_read_as_rows():
    for cls in (CGANDiscriminator, MaxoutCGANDiscriminator):
        judge = cls(**TINY).eval()
        image = torch.rand(1, 3, 8, 8).expand(3, 3, 8, 8)
        scores = judge(image, torch.tensor([[1.0, 0, 0], [0, 1, 0], [0.5, 0.5, 0]]))
        assert torch.allclose(judge(image, torch.tensor([0, 1, 0]))[:2], scores[:2])
        assert not torch.isclose(scores[2], scores[:2], rtol=0, atol=1e-9).any()


@pytest.mark.parametrize("cls", LABELED)
def test_without_labels_they_say_what_to_do(cls):
    with pytest.raises(FactError, match="the data have no labels; give labeled data, or use"):
        cls(image=(3, 8, 8), classes=0)


@pytest.mark.parametrize("cls", [CGANDiscriminator, MaxoutCGANDiscriminator])
def test_a_label_that_is_missing_or_of_another_length(cls):
    judge = cls(**TINY)
    with pytest.raises(FitError, match="reads labels, but got none"):
        judge(torch.zeros(2, 3, 8, 8))
    with pytest.raises(FitError, match=r"reads labels of 3 numbers, \(N, 3\), but got \(2, 4\)"):
        judge(torch.zeros(2, 3, 8, 8), torch.zeros(2, 4))


def test_sizes_that_no_layers_make():
    for cls in (CGANGenerator, CGANDiscriminator, ACGANGenerator, ACGANDiscriminator):
        facts = {"classes": 3} if cls is not ACGANDiscriminator else {}
        with pytest.raises(FactError, match=r"resize the images"):
            cls(image=(3, 34, 34), **facts)
        with pytest.raises(FactError, match=r"4×4: the shorter side must be at least 8; enlarge the images"):
            cls(image=(3, 4, 4), **facts)
    for cls in (InfoGANGenerator, InfoGANDiscriminator):
        with pytest.raises(FactError, match="their sides must be multiples of 4; got 30×28"):
            cls(image=(3, 30, 28))
