import pytest
import torch
from originals import original, within
from torch import nn
from torch.nn import functional

from gancore.component.weights import load_state
from gancore.errors import FitError
from gancore.nn.blur import BlurPool
from gancore.nn.instance_norm import InstanceNorm
from gancore.standard.patchgan import AntialiasedPatchGAN, BatchPatchGAN, PatchGAN
from gancore.standard.pixelgan import BatchPixelGAN, PixelGAN

RGB = (3, 16, 16)


@pytest.mark.parametrize(
    ("layers", "patch", "weights"),
    [(5, 286, 11_154_369), (3, 70, 2_764_737), (2, 34, 662_977), (1, 16, 136_385)],
)
def test_the_discriminator_has_the_published_number_of_weights_and_patch(layers, patch, weights):
    with torch.device("meta"):
        made = PatchGAN(image=(3, 256, 256), layers=layers)
    assert sum(p.numel() for p in made.parameters()) == weights
    assert made.patch == patch


@pytest.mark.parametrize("cls", [PatchGAN, AntialiasedPatchGAN])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_one_score_sees_exactly_its_patch(layers, cls, monkeypatch):
    monkeypatch.setattr(InstanceNorm, "forward", lambda self, image: image)
    made = cls(image=(1, 192, 192), width=2, layers=layers).double()
    image = torch.randn(1, 1, 192, 192, dtype=torch.float64, requires_grad=True)
    scores = made(image)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    assert image.grad is not None
    seen = image.grad[0, 0].nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [made.patch] * 2


@pytest.mark.parametrize(
    ("cls", "weights"), [(PatchGAN, 2_767_809), (BatchPatchGAN, 2_768_705), (AntialiasedPatchGAN, 2_767_809)]
)
def test_source_and_image_joined_are_judged_with_as_many_weights_as_published(cls, weights):
    with torch.device("meta"):
        made = cls(image=(6, 256, 256))
    assert sum(p.numel() for p in made.parameters()) == weights


@pytest.mark.parametrize("cls", [PatchGAN, BatchPatchGAN, AntialiasedPatchGAN, PixelGAN, BatchPixelGAN])
def test_maps_are_those_after_each_activation(cls):
    made = cls(image=RGB, width=2, **({"layers": 2} if issubclass(cls, PatchGAN) else {})).eval()
    image = torch.randn(2, *RGB)
    maps = made.maps(image)
    assert torch.equal(maps[-1], made.forward_features(image))
    assert [found.shape[1] for found in maps] == ([2, 4, 8] if issubclass(cls, PatchGAN) else [2, 4])
    assert torch.equal(maps[0], torch.nn.functional.leaky_relu(made.body[0](image), 0.2))


def test_the_discriminator_of_pixels_judges_each_by_itself():
    with torch.device("meta"):
        counts = [
            sum(p.numel() for p in cls(image=(6, 8, 8)).parameters()) for cls in (PixelGAN, BatchPixelGAN)
        ]
    assert counts == [6 * 64 + 64 + 64 * 128 + 128 + 129, 6 * 64 + 64 + 64 * 128 + 256 + 128]
    made = BatchPixelGAN(image=RGB, width=2).eval()
    image = torch.randn(1, *RGB)
    scores = made(image)
    assert scores.shape == (1, 1, 16, 16)
    image[0, :, 3, 5] += 1
    changed = (made(image) != scores)[0, 0].nonzero().tolist()
    assert changed == [[3, 5]]


def test_the_70_pixel_patches_give_30_by_30_scores_on_256():
    assert PatchGAN(image=(3, 256, 256), width=1)(torch.zeros(1, 3, 256, 256)).shape == (1, 1, 30, 30)


def test_small_images_are_judged():
    assert PatchGAN(image=(3, 32, 32), width=2)(torch.randn(2, 3, 32, 32)).shape == (2, 1, 2, 2)
    assert PatchGAN(image=RGB, width=2, layers=2)(torch.randn(2, *RGB)).shape == (2, 1, 2, 2)


@pytest.mark.parametrize("cls", [PatchGAN, AntialiasedPatchGAN])
@pytest.mark.parametrize(("side", "layers", "smallest"), [(24, 3, 24), (12, 2, 12), (6, 1, 6)])
def test_the_smallest_image_that_is_said_to_fit_fits(side, layers, smallest, cls):
    assert cls(image=(1, side, side), width=2, layers=layers)(torch.randn(1, 1, side, side)).shape[2:] == (
        1,
        1,
    )
    with pytest.raises(
        FitError,
        match=f"with {layers} layers needs images of at least {smallest} pixels a side; "
        f"got {side - 1}×{side}",
    ):
        cls(image=(1, side - 1, side), width=2, layers=layers)


def test_too_small_an_image_is_told_how_many_layers_fit():
    with pytest.raises(FitError, match="got 16×16: give layers=2 or fewer"):
        PatchGAN(image=RGB)
    with pytest.raises(FitError, match="got 4×4: give larger images"):
        PatchGAN(image=(3, 4, 4))
    with pytest.raises(
        FitError, match=r"at least 3·2\^4611686018427387904 pixels a side; got 16×16: give layers=2"
    ):
        PatchGAN(image=RGB, layers=2**62)


@pytest.mark.parametrize("side", [32, 37, 50])
def test_blurs_leave_the_sizes_of_scores_and_maps(side):
    image = torch.randn(1, 3, side, side + 9)
    plain, blurred = (cls(image=image.shape[1:], width=2) for cls in (PatchGAN, AntialiasedPatchGAN))
    assert plain(image).shape == blurred(image).shape
    halved = [layer for layer in blurred.body if isinstance(layer, BlurPool)]
    assert len(halved) == 3 and not any(isinstance(layer, BlurPool) for layer in plain.body)


def test_each_layer_but_the_last_blurs_what_it_has_activated():
    made = AntialiasedPatchGAN(image=RGB, width=2, layers=2).double()
    x = torch.randn(2, *RGB, dtype=torch.float64)
    convs = [layer for layer in made.body if isinstance(layer, nn.Conv2d)]
    blur, normed = BlurPool().double(), functional.instance_norm
    expected = blur(functional.leaky_relu(functional.conv2d(x, convs[0].weight, padding=1), 0.2))
    expected = functional.conv2d(expected, convs[1].weight, padding=1)
    expected = blur(functional.leaky_relu(normed(expected), 0.2))
    expected = functional.conv2d(expected, convs[2].weight, padding=1)
    expected = functional.leaky_relu(normed(expected), 0.2)
    expected = functional.conv2d(expected, made.head.weight, padding=1)
    assert torch.allclose(made(x), expected, atol=1e-9)


@pytest.mark.parametrize("cls", [PatchGAN, AntialiasedPatchGAN])
def test_scores_are_twice_differentiable_in_the_image(cls):
    made = cls(image=(1, 6, 6), width=2, layers=1).double()
    assert torch.autograd.gradgradcheck(
        made, torch.randn(1, 1, 6, 6, dtype=torch.float64, requires_grad=True)
    )


@pytest.mark.parametrize(("field", "value"), [("layers", 0), ("width", 1.5)])
def test_options_out_of_range_are_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} must be a whole number, at least 1"):
        PatchGAN(**{field: value})


@pytest.mark.parametrize(
    ("name", "cls", "prefix", "read", "expected"),
    [
        ("cyclegan-32", PatchGAN, "D.model.", ["in.image"], "out.D"),
        ("pix2pix-32", BatchPatchGAN, "D.model.", ["in.image", "in.target"], "out.D"),
        ("vqgan-32", BatchPatchGAN, "D.main.", ["out.image"], "out.scores_of_image"),
    ],
)
def test_it_scores_as_the_original_networks_do(name, cls, prefix, read, expected):
    config, tensors = original(name)
    image = torch.cat([tensors[key] for key in read], dim=1)
    settings = config.get("discriminator", {"ndf": config.get("width"), "n_layers": config.get("layers")})
    made = cls(image=tuple(image.shape[1:]), width=settings["ndf"], layers=settings["n_layers"]).eval()
    places = [f"body.{i}" for i in range(len(made.body))] + ["head"]
    named = ((*key.split("."), value) for key, value in within(tensors, prefix).items())
    load_state(made, {f"{places[int(place)]}.{name}": value for place, name, value in named})
    with torch.no_grad():
        assert torch.allclose(made(image), tensors[expected], atol=1e-5)
