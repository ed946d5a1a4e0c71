"""The recipe of independent component analysis: accumulate moments, then rotate the whitened images."""

from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.part import Seat, part, seat
from gancore.nn.moments import Axes
from gancore.pipeline import Pipeline
from gancore.progress import tell
from gancore.recipes.base import Run
from gancore.recipes.moments import MomentRecipe
from gancore_ica.contrasts import Contrast, LogCosh
from gancore_ica.encoder import ICAEncoder
from gancore_ica.fixed_point import FixedPoint, Parallel
from gancore_ica.generator import ICAGenerator
from gancore_ica.sources import Marginals, SourceSampler


@part("ica")
class ICA(MomentRecipe):
    """FastICA: independent components by a fixed-point iteration on whitened images.

    Paper: Hyvärinen 1999, Fast and robust fixed-point algorithms for independent component analysis, IEEE
    Transactions on Neural Networks 10. Training is, in this order:

    1. each step folds one batch into mean and covariance; every image is read once;
    2. `finish` takes the q principal axes, and reads the images once more to whiten them: (N, q) numbers are
       kept in memory, 4 N q bytes;
    3. the iteration rotates these until they are as independent as the contrast can tell;
    4. components are ordered by the variance that they add to the image, the largest first, and have the sign
       that makes the sum of the cubes of their sources positive; the sampler learns the sources.

    A run that is stopped during the steps goes on where it was; one that is stopped in `finish` makes 2 to 4
    again, from the same start, to the same bits. There are no players and no gradients. Differences: images
    arrive in batches, the covariance is divided by N - 1, and the q principal axes are always kept alone (the
    paper whitens all).

    Raises:
        FactError: the images are larger than `limit`, or have no more values than there are components.
        DataError: in `finish`, when there were too few images.
    """

    examples = (
        {"components": 4, "batch": 8},
        {"components": 3, "batch": 8, "fixed_point": "deflation", "contrast": "cube", "sampler": "laplace"},
    )

    generator: Seat[ICAGenerator] = seat(default=ICAGenerator)
    encoder: Seat[ICAEncoder] = seat(default=ICAEncoder)
    sampler: Seat[SourceSampler] = seat(default=Marginals)
    contrast: Seat[Contrast] = seat(default=LogCosh)
    fixed_point: Seat[FixedPoint] = seat(default=Parallel)

    def facts(self, seat: str) -> dict[str, Any]:
        """The image shape, and the recipe's own number of components."""
        return {"image": self.image, "components": self.components, "latent": (self.components,)}

    def build(self) -> None:
        """Makes empty moments and the rotation that the iteration begins at."""
        super().build()
        self.start = nn.Buffer(torch.randn(self.components, self.components))

    def finish(self, run: Run) -> None:
        """Whitens all images and finds their components. All ranks hold all rows, and find the same."""
        axes = self.moments.axes(self.components)
        white = self.whitened(axes, run)  # (N, q)
        found = self.fixed_point(white, self.start.to(white.dtype), self.contrast)
        rotation = ordered(found.rotation, axes, white)
        self.learn(axes, rotation)
        self.sampler.learn(white @ rotation.T)
        self.learned.fill_(True)
        run.log(
            explained=axes.variance.sum() / self.moments.total_variance,
            iterations=float(found.iterations),
            converged=float(found.converged),
        )
        if not found.converged:
            tell(f"{self.fixed_point.qualified_name} did not converge in {found.iterations} iterations")

    def whitened(self, axes: Axes, run: Run) -> Tensor:
        """All images in the coordinates of their principal axes, with variance 1: `(N, q)`."""
        scaled = axes.components / axes.variance.sqrt()[:, None]  # (q, D), float64
        rows = (run.gather(batch["image"]).flatten(1) for batch in run.pass_over())
        return torch.cat([((x.double() - axes.mean) @ scaled.T).to(x.dtype) for x in rows])

    def learn(self, axes: Axes, rotation: Tensor) -> None:
        """Hands the linear maps over: A = Vᵀ Λ^½ Wᵀ and B = W Λ^-½ V."""
        deviation = axes.variance.sqrt()  # (q,)
        mixing = axes.components.T * deviation @ rotation.double().T  # (D, q)
        unmixing = rotation.double() @ (axes.components / deviation[:, None])  # (q, D)
        self.generator.learn(axes.mean, mixing)
        self.encoder.learn(axes.mean, unmixing)

    def pipelines(self) -> dict[str, Pipeline]:
        """Independent sources, the linear map to images, and the map back."""
        return {
            "image": Pipeline(
                sampler=self.sampler,
                conditioner=self.identity,
                generator=self.generator,
                encoder=self.encoder,
            )
        }


def ordered(rotation: Tensor, axes: Axes, white: Tensor) -> Tensor:
    """The rows `(q, q)` by the variance that their components add to the image, the largest first, with signs
    under which sources `(N, q)` have positive third moments.
    """
    variance = (rotation.double().square() * axes.variance).sum(1)  # |A's column|², (q,)
    rows = rotation[variance.argsort(descending=True, stable=True)]
    third = (white @ rows.T).pow(3).mean(0)  # (q,)
    return rows * torch.where(third < 0, -1.0, 1.0).to(rows)[:, None]
