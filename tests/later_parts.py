"""Recipes that begin in a fade, or with few labels; a module that the second process of the kit imports."""

from gancore_dcgan import DCGAN
from gancore_progan import ProGAN

from gancore.component.part import part


@part("fading-progan")
class FadingProGAN(ProGAN):
    """In the middle of its first fade."""

    def build(self):
        super().build()
        for network in self.growing:
            network.stage.fill_(0.5)


@part("few-labeled-dcgan")
class FewLabeledDCGAN(DCGAN):
    """Whose data have a label in every second image."""

    def real_batch(self, run):
        batch = super().real_batch(run)
        batch.label[1::2] = 0
        return batch
