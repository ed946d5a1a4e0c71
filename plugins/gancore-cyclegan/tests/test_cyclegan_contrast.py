import math

import pytest
import torch
from gancore_cyclegan import GlobalSkip, PatchNCE, ResNet
from gancore_cyclegan.contrast import map_channels
from torch.nn.functional import normalize

from gancore.component.randomness import seeded, uniform
from gancore.errors import UserError
from gancore.standard.translators import ResNet as Standard

RGB = (3, 8, 8)


def translator(**changes: int) -> ResNet:
    return ResNet(**({"width": 4, "blocks": 2} | changes), image=RGB, source=RGB)


def test_the_loss_is_the_cross_entropy_of_the_place_among_the_places() -> None:
    contrast = PatchNCE(width=5, patches=4, channels=(3,)).double()
    query, key = torch.randn(2, 3, 3, 2, dtype=torch.float64), torch.randn(2, 3, 3, 2, dtype=torch.float64)
    with seeded(7):
        found = contrast([query], [key])
    with seeded(7):
        places = uniform(2, 6, like=query).argsort(1)[:, :4]
    one, two = contrast.heads[0][0], contrast.heads[0][2]

    def vector(image: torch.Tensor, place: int) -> torch.Tensor:
        pixel = image[:, place // 2, place % 2]
        hidden = (one.weight @ pixel + one.bias).clamp(min=0)
        return normalize(two.weight @ hidden + two.bias, dim=0)

    losses = []
    for row in range(2):
        chosen = places[row].tolist()
        assert len(set(chosen)) == 4
        for place in chosen:
            v = vector(query[row], place)
            alike = {other: math.exp((v @ vector(key[row], other)).item() / 0.07) for other in chosen}
            losses.append(-math.log(alike[place] / sum(alike.values())))
    assert float(found) == pytest.approx(sum(losses) / len(losses), abs=1e-9)


def test_it_is_the_mean_over_maps_of_any_size() -> None:
    contrast = PatchNCE(width=5, patches=100, channels=(3, 2)).double()
    maps = [torch.randn(2, 3, 4, 4, dtype=torch.float64), torch.randn(2, 2, 2, 2, dtype=torch.float64)]
    others = [torch.randn_like(one) for one in maps]
    each = [contrast.of_map(head, q, k) for head, q, k in zip(contrast.heads, maps, others, strict=True)]
    assert torch.allclose(contrast(maps, others), (each[0] + each[1]) / 2, atol=1e-12)


def test_equal_images_are_told_apart_best_and_constant_ones_not_at_all() -> None:
    contrast = PatchNCE(width=8, patches=9, channels=(3,))
    with torch.no_grad():
        for weight in contrast.parameters():
            torch.nn.init.normal_(weight)
    image = torch.randn(1, 3, 3, 3)
    assert float(contrast([image], [image])) < float(contrast([image], [image.flip(3)]))
    flat = torch.ones(1, 3, 3, 3)
    assert float(contrast([flat], [flat])) == pytest.approx(math.log(9), abs=1e-5)


def test_weights_start_as_small_as_in_the_published_code() -> None:
    first = PatchNCE(width=256, channels=(128,)).heads[0][0]
    assert first.weight.std().item() == pytest.approx(0.02 * math.sqrt(2 / (128 + 256)), rel=0.05)
    assert not first.bias.any()


def test_gradients_reach_the_queries_and_the_heads_but_not_the_keys() -> None:
    contrast = PatchNCE(width=5, patches=4, channels=(3,))
    query, key = torch.randn(1, 3, 2, 2, requires_grad=True), torch.randn(1, 3, 2, 2, requires_grad=True)
    contrast([query], [key]).backward()
    assert query.grad is not None and key.grad is None
    assert all(p.grad is not None for p in contrast.parameters())


def test_the_maps_are_the_image_both_strided_convolutions_and_two_residual_blocks() -> None:
    network = translator(blocks=9)
    image = torch.randn(2, *RGB)
    maps = network.maps(image)
    assert [tuple(one.shape[1:]) for one in maps] == [
        (3, 8, 8),
        (8, 4, 4),
        (16, 2, 2),
        (16, 2, 2),
        (16, 2, 2),
    ]
    assert torch.equal(maps[0], image)
    hidden = network.layers[:3](image)
    assert torch.equal(maps[1], network.layers[3](hidden))
    assert torch.equal(maps[2], network.layers[3:7](hidden))
    assert torch.equal(maps[3], network.layers[3:10](hidden))
    assert torch.equal(maps[4], network.layers[3:14](hidden))  # the fifth block of nine
    assert len(translator(blocks=1).maps(image)) == 4


def test_the_channels_are_those_of_the_maps() -> None:
    assert map_channels(translator()) == (3, 8, 16, 16, 16)
    assert map_channels(Standard()) is None
    wrapped = GlobalSkip(network=translator(), image=RGB, source=RGB)
    assert map_channels(wrapped) == (3, 8, 16, 16, 16)


def test_a_skip_adds_the_change_to_the_image() -> None:
    wrapped = GlobalSkip(network=translator(), image=RGB, source=RGB)
    image = torch.randn(2, *RGB)
    assert torch.equal(wrapped(image), image + wrapped.network(image))
    assert wrapped.size_multiple == 4


def test_a_translator_without_maps_is_named() -> None:
    from gancore import create

    with pytest.raises(UserError, match=r"gives no maps of its layers .* such as resnet"):
        create("generator/dcgan-plain", image=(3, 16, 16)).maps(torch.zeros(1, 100))
