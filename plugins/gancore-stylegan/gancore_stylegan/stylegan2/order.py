"""The order of a step's updates in the released code of StyleGAN2 and StyleGAN3."""

from gancore import TwoPlayerGAN
from gancore.recipes.base import Run


class GeneratorFirst(TwoPlayerGAN):
    """The two-player game in which the generator moves first.

    As in the released code of StyleGAN2 (both versions) and StyleGAN3, and unlike algorithm 1 of the GAN
    paper. One step is, in this order, all of it on one batch of real images:

    1. one update of the generator by the loss;
    2. one by each of its lazy penalties that is due (path length);
    3. one update of the discriminator by the loss, and with `discriminator_steps` above 1 further ones, each
       on a fresh batch;
    4. one by each of its lazy penalties that is due (R1);
    5. an update of the averaged weights.
    """

    def step(self, run: Run) -> None:
        """Generator, path length, discriminator, R1."""
        seen = run.images
        real = self.real_batch(run)
        self.update_generator(run, real)
        self.regularize_generator(run, real)
        self.update_discriminator(run, real)
        for _ in range(self.discriminator_steps - 1):
            real = self.real_batch(run)
            self.update_discriminator(run, real)
        self.regularize_discriminator(run, real)
        self.average.follow(images=run.images, batch=run.images - seen)
