"""Small autoencoders whose codes are maps, as first stages; untrained, since only their codes matter."""

import torch
from torch import nn

from gancore.component.discovery import registry
from gancore.component.interfaces import Encoder, Generator
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.randomness import seeded
from gancore.pipeline import Pipeline
from gancore.standard import Codebook, Identity, Normal, UniformIndices


@part("halving-encoder")
class HalvingEncoder(Encoder):
    """One convolution that halves the image; code maps `(N, D, H/2, W/2)`."""

    channels: int = field(default=2)

    def build(self):
        self.layer = nn.Conv2d(self.image[0], self.channels, 2, stride=2)

    def forward(self, image, label=None):
        return at_least_float32(self.layer(image))


@part("index-encoder")
class IndexEncoder(HalvingEncoder):
    """The same map, and the index of the nearest of a few vectors."""

    gives = "latent"
    quantizes = True
    size: int = field(default=5)

    def build(self):
        super().build()
        self.vectors = nn.Parameter(torch.randn(self.size, self.channels))

    def code(self, image, label=None):
        rows = self(image).movedim(1, -1)
        return (rows.unsqueeze(-2) - self.vectors).square().sum(-1).argmin(-1)


@part("labeled-halving-encoder")
class LabeledHalvingEncoder(HalvingEncoder):
    """Says that it reads labels."""

    conditional = True


@part("doubling-decoder")
class DoublingDecoder(Generator):
    """One transposed convolution that doubles the map; images in (-1, 1)."""

    channels: int = field(default=2)

    @property
    def code_shape(self):
        return (self.channels, self.image[1] // 2, self.image[2] // 2)

    def build(self):
        self.layer = nn.ConvTranspose2d(self.channels, self.image[0], 2, stride=2)

    def last_layer(self):
        return self.layer.weight

    def forward(self, code):
        return at_least_float32(torch.tanh(self.layer(code)))


def parts(image, encoder):
    decoder = DoublingDecoder(image=image)
    return {"generator": decoder, "encoder": encoder(image=image)}


def continuous(image=(3, 32, 32), seed=0, encoder=HalvingEncoder):
    """Codes `(2, H/2, W/2)` of real numbers."""
    with seeded(seed):
        made = parts(image, encoder)
        for weight in (p for one in made.values() for p in one.parameters()):
            nn.init.normal_(weight, std=0.3)
        code = tuple(made["generator"].code_shape)
    return Pipeline(sampler=Normal(latent=code), conditioner=Identity(code=code), **made)


def discrete(image=(3, 32, 32), seed=0):
    """Codes of a codebook of five vectors, which the encoder gives as indices."""
    pipeline = continuous(image, seed, IndexEncoder)
    conditioner = Codebook(quantizer={"part": "vector", "size": 5}, code=tuple(pipeline.generator.code_shape))
    with torch.no_grad():
        conditioner.quantizer.vectors.copy_(pipeline.encoder.vectors)
    prior = UniformIndices(latent=conditioner.latent_shape, codebook_size=5)
    return Pipeline(
        sampler=prior, conditioner=conditioner, generator=pipeline.generator, encoder=pipeline.encoder
    )


def know_autoencoders(*more):
    """Offers the networks under the name of a plugin, once, and others beside them."""
    known = {offer.cls for offer in registry().registrations()}
    parts = [HalvingEncoder, IndexEncoder, LabeledHalvingEncoder, DoublingDecoder, *more]
    registry().add("gancore-toy-autoencoders", [one for one in parts if one not in known])
