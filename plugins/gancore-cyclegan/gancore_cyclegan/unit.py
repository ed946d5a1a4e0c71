"""The training recipe of UNIT."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from gancore.component.interfaces import (
    Discriminator,
    Loss,
    Optimizer,
    Terms,
)
from gancore.component.part import Seat, field, part, seat
from gancore.component.sharing import share, start_alike
from gancore.component.validators import at_least, whole
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.recipes.base import Player, Run
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import Adam
from gancore_cyclegan.coupled import ThroughCode
from gancore_cyclegan.two_way import TwoWay

__all__ = ["UNIT"]

SHARED = ("encoder.trunk", "decoder.trunk")
"""The layers that both translators have in common."""
OWN = ("encoder.own", "decoder.own")
"""The others."""

_TINY = {"width": 2, "blocks": 1}
_SMALL: Mapping[str, Any] = {
    **{f"to_{domain}": {"encoder": _TINY, "decoder": _TINY} for domain in ("target", "source")},
    "target_discriminator": {"part": "patchgan", "width": 2, "layers": 1},
    "source_discriminator": {"part": "patchgan", "width": 2, "layers": 1},
}


def _adam() -> Adam:
    return Adam(lr=1e-4, betas=(0.5, 0.999))


@part("unit")
class UNIT(TwoWay):
    """Two variational autoencoders with one space of codes, so that an image encoded in one domain can be
    decoded in the other.

    Paper: Liu et al. 2017 (UNIT), arXiv:1703.00848. `to_target` holds the encoder E₁ of the source domain and
    the decoder G₂ of the target domain, `to_source` E₂ and G₁. The last layers of the encoders and the first
    of the decoders are shared. One step is, in this order:

    1. a batch of source images and one of target images;
    2. one update of both discriminators, on these images and on translations;
    3. one update of all encoders and decoders, along λ₀ times the adversarial terms of the translations, λ₁
       KL and λ₂ L1 of the autoencoders, λ₃ KL and λ₄ L1 of the cycles x₁ → z₁ → x₁₂ → z₂ → x₁₂₁;
    4. an update of the averaged weights.

    λ₀ = 10, λ₁ = λ₃ = 0.1, λ₂ = λ₄ = 100; the KL of a cycle is that of both its codes. Adam at 1e-4 with
    β₁ = 0.5, batch size 1. The later published code has least squares (`loss = "least-squares"`).

    Differences: KL and L1 are means over the numbers of a code or an image, as in the published code; the
    discriminators are PatchGANs; weights do not decay. The paper does not say how long it trains: the default
    is 200 epochs.

    Nothing in the objective says which code of one domain means which of the other: that follows from the
    shared layers, and in a short training colors may change sides, white with blue. With `alike`, which is
    not in the paper, both domains start with one encoder and one decoder, so that an image begins as its own
    translation.

    Raises:
        FitError: the domains differ in size, the parts do not fit, or the layers to be shared, or to start
            alike, differ.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        _SMALL,
        {**_SMALL, "image": (1, 8, 8), "source": (3, 8, 8)},
    )

    to_target: Seat[ThroughCode] = seat(default=ThroughCode, help="translates source images")
    to_source: Seat[ThroughCode] = seat(default=ThroughCode, help="translates target images")
    loss: Seat[Loss] = seat(default=NonSaturating)
    generator_optimizer: Seat[Optimizer] = seat(default=_adam, help="updates all encoders and decoders")
    discriminator_optimizer: Seat[Optimizer] = seat(default=_adam, help="updates both discriminators")
    adversarial: float = field(default=10.0, validator=at_least(0), help="weight of the adversarial terms λ₀")
    divergence: float = field(default=0.1, validator=at_least(0), help="weight of the autoencoders' KL, λ₁")
    reconstruction: float = field(default=100.0, validator=at_least(0), help="weight of their L1, λ₂")
    cycle_divergence: float = field(default=0.1, validator=at_least(0), help="weight of the cycles' KL, λ₃")
    cycle: float = field(default=100.0, validator=at_least(0), help="weight of the cycles' L1, λ₄")
    alike: bool = field(
        default=False, help="start the layers that are not shared from the same weights in both domains"
    )
    epochs: int = field(
        default=200, validator=whole(1), help="passes over the images, unless the run sets one"
    )

    def build(self) -> None:
        """Shares the layers, lets the others start alike if they should, and starts the averages."""
        for layer in SHARED:
            share(self.to_target, layer, self.to_source)
        for layer in OWN if self.alike else ():
            start_alike(self.to_target, layer, self.to_source)
        super().build()

    def length(self, available: int) -> int:
        """The epochs."""
        return self.epochs * available

    def players(self) -> dict[str, Player]:
        """Both discriminators, and both translators."""
        return {
            "discriminators": Player(
                [self.target_discriminator, self.source_discriminator, self.loss, *self.regularizers],
                self.discriminator_optimizer,
            ),
            "translators": Player([self.to_target, self.to_source], self.generator_optimizer),
        }

    def step(self, run: Run) -> None:
        """Updates both discriminators, then all encoders and decoders."""
        batch = run.batch()
        source, target = batch["source"], batch["target"]  # (N, *source), (N, C, H, W)
        run.update(
            "discriminators",
            self.discriminator_terms,
            source,
            target,
            double_backward=bool(self.regularizers),
        )
        run.update("translators", self.translator_terms, source, target)
        self.average.follow(images=run.images, batch=run.batch_size)

    def discriminator_terms(self, source: Tensor, target: Tensor) -> Terms:
        """The losses and penalties of both discriminators, on translations of draws from the posteriors."""
        with torch.no_grad():
            fake_target = self.to_target.decoder(self.to_target.encoder(source).sample())  # G₂(z₁)
            fake_source = self.to_source.decoder(self.to_source.encoder(target).sample())  # G₁(z₂)
        return self.both_judged(source, target, fake_source, fake_target)

    def translator_terms(self, source: Tensor, target: Tensor) -> Terms:
        """The terms of both directions."""
        return self._way("target", source, target) | self._way("source", target, source)

    def _way(self, domain: str, image: Tensor, there: Tensor) -> Terms:
        """The terms of the autoencoder that reads `image`, of its translations to a domain and of the way
        back; `there` are real images of that domain.
        """
        out, back, discriminator = self._networks(domain)
        posterior = out.encoder(image)  # q₁(z₁ | x₁)
        code = posterior.sample()  # z₁
        same, fake = back.decoder(code), out.decoder(code)  # x₁₁, x₁₂
        again = back.encoder(fake)  # q₂(z₂ | x₁₂)
        returned = back.decoder(again.sample())  # x₁₂₁
        nats = divergence(posterior)
        real = discriminator(there) if self.loss.needs_real else None
        terms = {
            "adversarial": self.adversarial * self.loss.generator(discriminator(fake), real),
            "divergence": self.divergence * nats,
            "reconstruction": self.reconstruction * l1_loss(same, image),
            "cycle_divergence": self.cycle_divergence * (nats + divergence(again)),
            "cycle": self.cycle * l1_loss(returned, image),
        }
        return {f"{name}_to_{domain}": term for name, term in terms.items()}

    def _networks(self, domain: str) -> tuple[ThroughCode, ThroughCode, Discriminator]:
        """The translator to a domain, the one back, and the discriminator there."""
        if domain == "target":
            return self.to_target, self.to_source, self.target_discriminator
        return self.to_source, self.to_target, self.source_discriminator


def divergence(posterior: DiagonalGaussian) -> Tensor:
    """D_KL(N(μ, I) ‖ N(0, I)) = ½ ‖μ‖², divided by the numbers of a code: a mean over rows."""
    return posterior.mean.square().mean() / 2
