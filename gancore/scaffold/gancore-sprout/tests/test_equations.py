"""Each equation with numbers worked out by hand, and a training of a few steps."""

import torch
from torch import Tensor

from gancore.component.scored import Scored
from gancore.data import open_data
from gancore.standard.optimizers import Adam
from gancore.training.run import TrainingRun
from gancore_sprout import SproutDiscriminator, SproutGenerator, SproutPenalty, SproutRecipe


def left_half(image: Tensor) -> Tensor:
    """A discriminator that adds up the left half of an image."""
    return image[..., : image.shape[-1] // 2].sum((1, 2, 3))


def scored(image: Tensor) -> Scored:
    """The image with its scores."""
    return Scored(lambda: image, left_half)


def test_the_penalty_is_the_squared_difference_to_the_mirrored_image() -> None:
    """Left halves sum to 1 and 2, right halves to 4 and 0: 10 ((1-4)² + (2-0)²) / 2 = 65."""
    image = torch.tensor([[1.0, 4.0], [2.0, 0.0]]).reshape(2, 1, 1, 2)
    assert SproutPenalty()(left_half, scored(image), scored(image)).item() == 65


def test_symmetric_images_cost_nothing() -> None:
    """An image that is its own mirror image has the same score."""
    image = torch.tensor([[3.0, 1.0, 3.0]]).reshape(1, 1, 1, 3)
    assert SproutPenalty()(left_half, scored(image), scored(image)).item() == 0


def test_images_of_any_shape() -> None:
    """The generator makes, and the discriminator reads, what the data are told to be."""
    for shape in ((1, 28, 28), (3, 48, 64), (4, 8, 5)):
        code = torch.randn(2, 6)
        image = SproutGenerator(image=shape, width=4, latent_size=6)(code)
        assert image.shape == (2, *shape)
        assert SproutDiscriminator(image=shape, width=4)(image).shape == (2,)


class Gray:
    """Images that are all the same, as the simplest source of data."""

    position = 0

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        """`n` images of one gray."""
        return {"image": torch.full((n or 1, 1, 8, 8), 0.8)}


def test_it_learns_a_gray() -> None:
    """After a few steps the generated images are nearer to the gray than before."""
    recipe = SproutRecipe(
        image=(1, 8, 8),
        generator=SproutGenerator(width=8, latent_size=4),
        discriminator=SproutDiscriminator(width=8),
        generator_optimizer=Adam(lr=2e-3),
        discriminator_optimizer=Adam(lr=2e-3),
    )
    run = TrainingRun(recipe, Gray(), batch=8, total=800)
    before = distance(recipe)
    for _ in range(100):
        recipe.step(run)
        run.step += 1
    assert distance(recipe) < before / 2


def distance(recipe: SproutRecipe) -> float:
    """Mean squared distance of 16 generated images to the gray."""
    with torch.no_grad():
        image = recipe.generator(torch.randn(16, 4, generator=torch.Generator().manual_seed(1)))
    return float((image - Gray().next()["image"]).square().mean())


def test_it_reads_the_embedded_images() -> None:
    """The recipe learns its facts from data."""
    recipe = SproutRecipe()
    recipe.bind(facts=open_data("emoji").facts(), by="the data")
    assert recipe.generator.image == (3, 32, 32)
