"""Images together with what made them and what the discriminator makes of them, computed on first use."""

from collections.abc import Callable
from typing import TypeVar

from torch import Tensor, nn

from gancore.errors import FitError

Value = TypeVar("Value")


class Scored:
    """Images and, on demand, their scores, so that penalties can reuse the scores of the main pass.

    `image` makes the images, from `code()` where that is given. `score` maps images to scores as the recipe
    uses the discriminator: augmented, with the labels of these images, or with others by
    `score(image, label)`. `features_of` maps images to the discriminator's features in the same way, and
    `generate` latents to images with these labels. With `gradient=True` the images are a leaf that requires
    gradients, for gradient penalties. With `head` (features → scores) the scores are made from `features`, so
    that both cost one pass. `maps_of` maps images to the maps of the discriminator's layers.

    `label` is None where no part reads labels. What a record lacks (real images have no latent) raises
    FitError.
    """

    def __init__(
        self,
        image: Callable[..., Tensor],
        score: Callable[..., Tensor],
        *,
        gradient: bool = False,
        label: Tensor | None = None,
        latent: Tensor | None = None,
        code: Callable[[], Tensor] | None = None,
        generate: Callable[[Tensor], Tensor] | None = None,
        features_of: Callable[[Tensor], Tensor] | None = None,
        head: Callable[[Tensor], Tensor] | None = None,
        maps_of: Callable[[Tensor], list[Tensor]] | None = None,
        discriminator: nn.Module | None = None,
    ) -> None:
        self._make, self.score, self._gradient = image, score, gradient
        self.label, self._latent, self._make_code, self._generate = label, latent, code, generate
        self._features_of, self._head, self._discriminator = features_of, head, discriminator
        self._maps_of = maps_of
        self._image: Tensor | None = None
        self._code: Tensor | None = None
        self._features: Tensor | None = None
        self._scores: Tensor | None = None

    @property
    def image(self) -> Tensor:
        """`(N, C, H, W)` float32."""
        if self._image is None:
            image = self._make(self.code) if self._make_code else self._make()
            self._image = image.detach().requires_grad_() if self._gradient else image
        return self._image

    @property
    def known(self) -> bool:
        """Whether the scores have been computed."""
        return self._scores is not None

    @property
    def scores(self) -> Tensor:
        """`(N,)` or `(N, 1, h, w)` float32."""
        if self._scores is None:
            self._scores = self._head(self.features) if self._head else self.score(self.image)
        return self._scores

    @property
    def features(self) -> Tensor:
        """The discriminator's features of the images, `(N, …)`."""
        if self._features is None:
            self._features = self.features_of(self.image)
        return self._features

    def features_of(self, image: Tensor) -> Tensor:
        """The discriminator's features of other images, `(N, C, H, W)` → `(N, …)`."""
        return _given(self._features_of, "features")(image)

    @property
    def maps(self) -> list[Tensor]:
        """The maps of the discriminator's layers for the images, by a pass of their own, `(N, C_i, H_i,
        W_i)`.
        """
        return _given(self._maps_of, "maps")(self.image)

    @property
    def latent(self) -> Tensor:
        """The latents of generated images, `(N, *latent)`."""
        return _given(self._latent, "latent")

    @property
    def code(self) -> Tensor:
        """The generator's codes of generated images, `(N, *code)`."""
        if self._code is None:
            self._code = _given(self._make_code, "code")()
        return self._code

    def generate(self, latent: Tensor) -> Tensor:
        """The generator's images from other latents, with the labels of these images."""
        return _given(self._generate, "generate")(latent)

    @property
    def discriminator(self) -> nn.Module:
        """The discriminator itself, for penalties on its weights and for heads of its own."""
        return _given(self._discriminator, "discriminator")


def _given(value: Value | None, name: str) -> Value:
    if value is None:
        raise FitError(
            f"these images have no {name}: real images have neither latent nor code, and the recipe has to "
            "provide the others"
        )
    return value
