"""The order of updates in the released code of translators, which makes each translation once."""

from gancore.component.interfaces import Terms
from gancore.component.part import interface
from gancore.component.scored import Scored
from gancore.recipes.base import Run
from gancore.recipes.paired import PairedGAN

__all__ = ["GeneratorFirst"]


@interface("recipe")
class GeneratorFirst(PairedGAN):
    """The recipe of pairs in which the generator moves first, and hands its translations over.

    One step is, in this order, all of it on one batch of pairs:

    1. one update of the generator;
    2. one by each of its lazy penalties that is due;
    3. one update of the discriminator on the translations that the first made before it moved a weight, and
       with `discriminator_steps` above 1 further ones, each on a fresh batch and its translations;
    4. one by each of its lazy penalties that is due;
    5. an update of the averaged weights.

    That saves one of two passes of the generator.
    """

    def step(self, run: Run) -> None:
        """Generator, then discriminator."""
        if not self.adversarial:
            self.distance_step(run)
            return
        seen = run.images
        real = self.real_batch(run)
        latents = self.latent_batch(run, len(real.image), real)
        made = self.update_generator(run, real)["made"]
        self.regularize_generator(run, real)
        self.update_discriminator(run, real, latents._replace(image=made))
        for _ in range(self.discriminator_steps - 1):
            real = self.real_batch(run)
            self.update_discriminator(run, real)
        self.regularize_discriminator(run, real)
        self.average.follow(images=run.images, batch=run.images - seen)

    def objectives(self, fake: Scored, real: Scored) -> Terms:
        """The terms, and the translations to hand over."""
        return super().objectives(fake, real) | {"made": fake.image.detach()}
