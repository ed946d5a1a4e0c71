"""The Gaussian with a diagonal covariance, the output of encoders."""

import math

import torch
from torch import Tensor

from gancore.component.randomness import normal


class DiagonalGaussian:
    """N(mean, exp(log_variance)), one for each sample: both `(N, *shape)`."""

    def __init__(self, mean: Tensor, log_variance: Tensor) -> None:
        self.mean, self.log_variance = mean, log_variance

    def sample(self) -> Tensor:
        """The reparameterized sample mean + deviation · noise `(N, *shape)`, through which gradients flow."""
        noise = normal(len(self.mean), *self.mean.shape[1:], like=self.mean)
        return self.mean + torch.exp(self.log_variance / 2) * noise

    def repeat(self, times: int) -> "DiagonalGaussian":
        """Each sample's Gaussian `times` times in a row: `(N · times, *shape)`."""
        if times == 1:
            return self
        return DiagonalGaussian(
            self.mean.repeat_interleave(times, 0), self.log_variance.repeat_interleave(times, 0)
        )

    def log_density(self, value: Tensor) -> Tensor:
        """The log-density in nats at `value` `(N, *shape)`: `(N,)`."""
        squares = (value - self.mean).square() * torch.exp(-self.log_variance)
        return -(squares + self.log_variance + math.log(2 * math.pi)).flatten(1).sum(1) / 2
