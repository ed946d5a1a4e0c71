"""Images that are not square, of sizes that are not powers of two, gray and with four channels: StyleGAN2 and
StyleGAN3, T and R.
"""

import pytest
import torch
from gancore_stylegan import (
    LabeledStyleGAN2Discriminator,
    LabeledStyleGAN2Mapping,
    RotationalStyleGAN3,
    RotationalStyleGAN3Synthesis,
    StyleGAN2,
    StyleGAN2Discriminator,
    StyleGAN2Synthesis,
    StyleGAN3,
    StyleGAN3Synthesis,
    StyleGANMapping,
)

from gancore.errors import FactError, UserError
from gancore.standard.regularizers import R1
from gancore.testing import contracts, trial
from gancore.testing.stage import drive, start

SHAPES = [(3, 64, 96), (1, 48, 48), (4, 48, 48)]
TINY = {"channels_base": 128, "channels_max": 4}
MAPPING = {"latent_width": 4, "width": 6, "layers": 2, "mixing": 0.0}
GENERATORS = {
    StyleGAN2: lambda: StyleGAN2Synthesis(code_width=4, **TINY),
    StyleGAN3: lambda: StyleGAN3Synthesis(code_width=4, layers=4, **TINY),
    RotationalStyleGAN3: lambda: RotationalStyleGAN3Synthesis(code_width=4, layers=4, **TINY),
}
KNOWN = {}
"""What the kit has built of these networks, by the shape of an image."""
NETWORKS = [
    StyleGAN2Synthesis,
    StyleGAN3Synthesis,
    RotationalStyleGAN3Synthesis,
    StyleGAN2Discriminator,
    LabeledStyleGAN2Discriminator,
]


def recipe(cls, image, classes=0):
    mapping, judge = (
        (LabeledStyleGAN2Mapping, LabeledStyleGAN2Discriminator)
        if classes
        else (StyleGANMapping, StyleGAN2Discriminator)
    )
    return cls(
        image=image,
        classes=classes,
        generator=GENERATORS[cls](),
        conditioner=mapping(**MAPPING),
        discriminator=judge(group=2, **TINY),
        regularizers=[R1(every=2)],
    )


@pytest.fixture
def kit_draws(monkeypatch):
    """Makes the contract kit draw images of one shape alone."""

    def draw(image):
        monkeypatch.setattr(trial, "_KNOWN", KNOWN.setdefault(image, {}))
        for cls in NETWORKS:
            monkeypatch.setattr(cls, "examples", ({**cls.examples[0], "image": image},))

    return draw


@pytest.mark.slow
@contracts(*NETWORKS)
def test_contract_at_48_with_four_channels(check, kit_draws):
    kit_draws((4, 48, 48))
    check()


@pytest.mark.slow
@contracts(*NETWORKS)
def test_contract_in_gray_that_is_not_square(check, kit_draws):
    kit_draws((1, 64, 96))
    check()


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("image", SHAPES)
@pytest.mark.parametrize("cls", list(GENERATORS))
def test_it_trains(cls, image, classes):
    made = recipe(cls, image, classes)
    before = {name: p.detach().clone() for name, p in made.named_parameters()}
    drive(start(made), 2)
    moved = {name for name, p in made.named_parameters() if not torch.equal(p, before[name])}
    assert {f"discriminator.{name}" for name in ("from_image.weight", "score.weight")} <= moved
    assert any(name.startswith("generator.") for name in moved) and any(
        name.startswith("conditioner.") for name in moved
    )
    assert ("conditioner.embedding.weight" in moved) == (classes > 0)
    label = torch.tensor([2, 0]) if classes else None
    images = made.pipelines()["image"].sample(2, seed=1, label=label)
    assert images.shape == (2, *image) and images.isfinite().all()


@pytest.mark.parametrize("cls", [StyleGAN3, RotationalStyleGAN3])
def test_sides_of_a_stylegan3_count_along_the_shorter_one(cls):
    wide, tall = (recipe(cls, image).generator.eval() for image in ((1, 16, 24), (1, 24, 16)))
    wide.load_state_dict(tall.state_dict())
    code = torch.randn(1, *wide.code_shape)
    with torch.no_grad():
        images = wide(code), tall(code)
    middle = [images[0][..., 4:20], images[1][..., 4:20, :]]
    assert torch.allclose(middle[0], middle[1], atol=0.05 * float(middle[0].abs().max()))


@pytest.mark.parametrize(
    ("cls", "part_"), [(StyleGAN2, "generator/stylegan2"), (StyleGAN3, "discriminator/stylegan2")]
)
def test_a_size_that_cannot_be_made_is_refused(cls, part_):
    text = f"{part_} cannot have images of 50×70: the shorter side must be 4 to 7 times a power of two"
    with pytest.raises(FactError, match=text):
        recipe(cls, (3, 50, 70))


@pytest.mark.parametrize("cls", list(GENERATORS))
def test_labels_where_the_data_have_none_are_refused(cls):
    with pytest.raises(
        FactError,
        match="conditioner/stylegan2-labels: the data have no labels; "
        "give labeled data, or use conditioner/sty",
    ):
        cls(
            image=(3, 16, 16),
            classes=0,
            generator=GENERATORS[cls](),
            conditioner=LabeledStyleGAN2Mapping(**MAPPING),
        )


@pytest.mark.parametrize("cls", list(GENERATORS))
def test_a_label_for_a_model_that_reads_none_is_refused(cls):
    with pytest.raises(
        UserError, match="conditioner/stylegan reads no labels, but a label was given; omit it"
    ):
        recipe(cls, (3, 16, 16)).pipelines()["image"].sample(1, seed=0, label=torch.tensor([1]))


def test_a_label_beyond_the_classes_is_refused():
    with pytest.raises(UserError, match="label 3 is out of range; give a number from 0 to 2"):
        recipe(StyleGAN2, (3, 16, 16), classes=3).pipelines()["image"].sample(
            1, seed=0, label=torch.tensor([3])
        )
