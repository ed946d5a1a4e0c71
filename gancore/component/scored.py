"""Images together with their scores, both computed on first use."""

from collections.abc import Callable

from torch import Tensor


class Scored:
    """Images and, on demand, their scores, so that penalties can reuse the scores of the main pass.

    `score` maps images to scores as the recipe uses the discriminator: augmented, with the labels of these
    images. With `gradient=True` the images are a leaf that requires gradients, for gradient penalties.
    """

    def __init__(
        self, image: Callable[[], Tensor], score: Callable[[Tensor], Tensor], *, gradient: bool = False
    ) -> None:
        self._make, self.score, self._gradient = image, score, gradient
        self._image: Tensor | None = None
        self._scores: Tensor | None = None

    @property
    def image(self) -> Tensor:
        """`(N, C, H, W)` float32."""
        if self._image is None:
            image = self._make()
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
            self._scores = self.score(self.image)
        return self._scores
