"""Small parts that keep every promise; each mutant is one of them with one line wrong."""

from typing import Any, ClassVar

import torch
from torch import nn

from gancore import (
    Average,
    Encoder,
    Generator,
    GeneratorRegularizer,
    Loss,
    Optimizer,
    Pipeline,
    Player,
    Recipe,
    RunningMean,
    Sampler,
    share,
)
from gancore.component.interfaces import Conditioner, Discriminator, Extractor, ImageShape
from gancore.component.network_sampler import NetworkSampler
from gancore.component.part import Seat, Seats, fact, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.randomness import normal
from gancore.errors import FactError, FitError, MeasureError
from gancore.measure.score import Score, Value
from gancore.nn import LabelEmbedding, given_label, one_hot
from gancore.recipes.gan import TwoPlayerGAN
from gancore.standard.averages import ExponentialAverage
from gancore.standard.conditioners import Identity, OneHot
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import SGD
from gancore.standard.samplers import Normal


def size(shape):
    return int(torch.Size(shape).numel())


@part("honest")
class HonestGenerator(Generator):
    """A layer with noise of its own."""

    latent_size: int = field(default=5)
    noise: bool = field(default=True)
    slope: float = field(default=0.2)

    @property
    def code_shape(self):
        return (self.latent_size,)

    def build(self):
        self.first, self.second = nn.Linear(self.latent_size, 8), nn.Linear(8, size(self.image))
        self.strength = nn.Parameter(torch.full((), 0.1))

    def forward(self, code):
        hidden = torch.nn.functional.softplus(self.first(code))
        if self.noise:
            hidden = hidden + self.strength * normal(len(code), 8, like=code).to(hidden)
        else:
            hidden = hidden * (1 + self.strength)
        return at_least_float32(self.second(hidden)).reshape(len(code), *self.image)


@part("honest")
class HonestDiscriminator(Discriminator):
    """Two smooth layers, and a layer for the label where there are classes."""

    classes: int = fact(default=0)

    def build(self):
        self.first, self.second = nn.Linear(size(self.image), 8), nn.Linear(8, 1)
        self.label = nn.Linear(self.classes, 1) if self.classes else None

    @property
    def conditional(self):
        return bool(self.classes)

    def forward_features(self, image):
        return self.first(image.flatten(1)).tanh()

    def forward_head(self, features, label=None):
        scores = self.second(features)
        if self.label is not None:
            soft = one_hot(given_label(self, label, "discriminator/other"), self.classes)
            scores = scores + self.label(soft.to(scores))
        return scores[:, 0]


@part("honest")
class HonestConditioner(Conditioner):
    """A map of latent and label that keeps a mean of its codes."""

    conditional: ClassVar[bool] = True
    classes: int = fact()

    @property
    def latent_shape(self):
        return (3,)

    def build(self):
        if not self.classes:
            raise FactError(f"{self.qualified_name}: the data have no labels")
        self.layer, self.table = nn.Linear(3, size(self.code)), nn.Linear(self.classes, size(self.code))
        self.register_buffer("mean", torch.zeros(size(self.code)))
        self.seen = RunningMean()

    def embed(self, label):
        return self.table(self.soft(label))

    def soft(self, label):
        label = given_label(self, label, "conditioner/other")
        return one_hot(label, self.classes).to(self.table.weight)

    def forward(self, latent, label=None):
        code = at_least_float32(self.layer(latent) + self.embed(label))
        if self.training:
            self.seen.add(code.sum(0), len(code))
        return code.reshape(len(latent), *self.code)

    def update_buffers(self):
        if self.seen.mean is not None:
            self.mean.lerp_(self.seen.mean.to(self.mean), 0.1)

    def truncate(self, code, amount=1.0, layers=None, label=None):
        mean = self.mean.reshape(self.code)
        return mean + amount * (code - mean)


@part("honest")
class HonestEncoder(Encoder):
    """One layer."""

    def build(self):
        self.layer = nn.Linear(size(self.image), 4)

    def forward(self, image, label=None):
        return self.layer(image.flatten(1)).float()


@part("honest-conditional")
class HonestConditionalEncoder(HonestEncoder):
    """One layer, and another for the label; gives latents."""

    conditional: ClassVar[bool] = True
    gives: ClassVar[str] = "latent"
    classes: int = fact()

    def build(self):
        if not self.classes:
            raise FactError("no classes")
        super().build()
        self.of_label = LabelEmbedding(self.classes, 4)

    def forward(self, image, label=None):
        label = given_label(self, label, "encoder/honest")
        return at_least_float32(self.layer(image.flatten(1)) + self.of_label(label))


@part("honest-translator", tags=["translator"])
class HonestTranslator(Generator):
    """Reads images of any even size, and makes them half as large."""

    size_multiple: ClassVar[int] = 2

    @property
    def code_shape(self):
        return (3, self.image[1] * 2, self.image[2] * 2)

    def build(self):
        self.layer = nn.Conv2d(3, self.image[0], 2, stride=2)

    def forward(self, code):
        return at_least_float32(torch.tanh(self.layer(code)))


@part("honest")
class HonestExtractor(Extractor):
    """One layer on the means of areas, and another that tells three classes apart."""

    resizer: ClassVar[str] = "mean over areas"
    classes: ClassVar[int] = 3

    def build(self):
        self.layer, self.classifier = nn.Linear(16 * self.image[0], 6), nn.Linear(6, 3)

    def forward(self, image):
        return self.layer(nn.functional.adaptive_avg_pool2d(image, 4).flatten(1)).float()

    def classify(self, features):
        return self.classifier(features)


@part("honest")
class HonestPenalty(GeneratorRegularizer):
    """The squared size of the images' directional derivative, in every second step."""

    every: int = field(default=2)

    def forward(self, render, fake, real):
        code = fake.code
        code = code.detach().requires_grad_() if not code.requires_grad else code
        image = render(code)
        direction = normal(*image.shape, like=image)
        (gradient,) = torch.autograd.grad((image * direction).sum(), code, create_graph=True)
        return gradient.flatten(1).square().sum(1).mean()


@part("honest")
class HonestScore(Score):
    """How far the means of features are from each other, over random halves."""

    needs = frozenset({"classes"})

    def forward(self, study):
        real, fake = study.features("reference"), study.features("samples")
        if min(len(real), len(fake)) < 2:
            raise MeasureError("too few images")
        return {self.title(study): Value(self.distance(real, fake, study.rng("halves")), better="lower")}

    def title(self, study):
        return f"distance[{study.title}]"

    def distance(self, real, fake, rng):
        half = [
            rows[torch.randperm(len(rows), generator=rng)[: len(rows) // 2]].mean(0) for rows in (real, fake)
        ]
        return float((half[0] - half[1]).norm())


@part("honest")
class HonestRecipe(TwoPlayerGAN):
    """The two-player game with small parts, a lazy penalty on the generator and a kept mean."""

    examples: ClassVar[Any] = (
        {"generator_regularizers": [HonestPenalty]},
        {"classes": 3, "conditioner": HonestConditioner},
        {"classes": 3, "conditioner": HonestConditioner, "pair_labels": True},
    )

    generator: Seat[Generator] = seat(default=HonestGenerator)
    discriminator: Seat[Discriminator] = seat(default=HonestDiscriminator)
    generator_regularizers: Seats[GeneratorRegularizer] = seat(default=())
    discriminator_optimizer: Seat[Optimizer] = seat(default=SGD)


@part("honest-sevens")
class HonestSevens(HonestGenerator):
    """Reads codes of seven numbers: a latent of four and one of three classes."""

    latent_size: int = field(default=7)


@part("honest-autoencoder")
class HonestAutoencoder(Recipe):
    """Codes of darker images and their labels, decoded into the images; it draws nothing."""

    examples: ClassVar[Any] = ({"classes": 3},)

    classes: int = fact(default=0)
    encoder: Seat[Encoder] = seat(default=HonestConditionalEncoder)
    generator: Seat[Generator] = seat(default=HonestSevens)
    optimizer: Seat[Optimizer] = seat(default=SGD)

    def facts(self, seat):
        return {"image": self.image, "classes": self.classes}

    def build(self):
        self.one_hot = OneHot(code=(7,), classes=self.classes)

    def derive(self, batch):
        return {"dark": batch["image"] * 0.5 - 0.5}

    @property
    def wants(self):
        return frozenset({"image", "label"})

    def players(self):
        return {"model": Player([self.encoder, self.generator], self.optimizer)}

    def pipelines(self):
        parts = {"conditioner": self.one_hot, "generator": self.generator, "encoder": self.encoder}
        return {"image": Pipeline(reads="dark", **parts)}

    def step(self, run):
        batch = run.batch()
        run.update("model", self.terms, batch["dark"], batch["image"], batch["label"])

    def terms(self, dark, image, label):
        made = self.generator(self.one_hot(self.encoder(dark, label), label))
        return {"distance": (made - image).square().mean()}


@part("honest-pair")
class HonestPair(Recipe):
    """Two generators whose first layer is one, each against a discriminator (CoGAN), with averages."""

    source: ImageShape = fact()
    first: Seat[Generator] = seat(default=HonestGenerator)
    second: Seat[Generator] = seat(default=HonestGenerator)
    discriminators: Seats[Discriminator] = seat(default=(HonestDiscriminator, HonestDiscriminator))
    sampler: Seat[Sampler] = seat(default=Normal)
    loss: Seat[Loss] = seat(default=NonSaturating)
    average: Seat[Average] = seat(default=ExponentialAverage)
    optimizer: Seat[Optimizer] = seat(default=SGD)

    def facts(self, seat):
        if seat == "sampler":
            return {"latent": self.first.code_shape}
        return {"image": self.source if seat == "second" else self.image, "classes": 0}

    def build(self):
        if self.source != self.image:
            raise FitError("the two domains differ in shape")
        self.share()
        self.start()

    def share(self):
        share(self.first, "first", self.second)

    def start(self):
        self.average.start(first=self.first, second=self.second)

    @property
    def wants(self):
        return frozenset({"source", "target"})

    def players(self):
        return {
            "generators": Player([self.first, self.second], self.optimizer),
            "discriminators": Player([*self.discriminators, self.loss], self.optimizer),
        }

    def pipelines(self):
        codes = Identity(code=self.first.code_shape)
        return {
            name: Pipeline(
                sampler=self.sampler, conditioner=codes, generator=self.average.of(name), makes=makes
            )
            for name, makes in (("first", "source"), ("second", "target"))
        }

    def step(self, run):
        batch = run.batch()
        latent = run.draw(self.sampler)
        run.update("discriminators", self.discriminator_terms, batch["source"], batch["target"], latent)
        run.update("generators", self.generator_terms, latent)
        self.average.follow(images=run.images, batch=run.batch_size)

    def pairs(self, latent):
        made = self.first(latent), self.second(latent)
        return zip(("first", "second"), self.discriminators, made, strict=True)

    def discriminator_terms(self, source, target, latent):
        real = {"first": source, "second": target}
        return {
            name: self.loss.discriminator(scores(real[name]), scores(fake))
            for name, scores, fake in self.pairs(latent)
        }

    def generator_terms(self, latent):
        return {name: self.loss.generator(scores(fake)) for name, scores, fake in self.pairs(latent)}


@part("honest")
class HonestSampler(NetworkSampler):
    """Indices whose distribution depends on the label, with dropout."""

    conditional = True
    integer = True
    classes: int = fact(default=0)
    codebook_size: int = fact()
    temperature: float = field(default=1.0)

    @property
    def noise_shape(self):
        return self.latent

    def build(self):
        self.table = nn.Embedding(max(self.classes, 1), self.codebook_size)
        self.dropout = nn.Dropout(0.5)

    def latents(self, noise, label=None):
        mark = torch.zeros(len(noise), dtype=torch.long) if label is None else label
        logits = self.dropout(self.table(mark % len(self.table.weight))) / self.temperature
        bounds = logits.softmax(1).cumsum(1)[:, :-1].contiguous()
        return torch.searchsorted(bounds, noise.flatten(1).contiguous()).reshape(noise.shape)


@part("honest-standing")
class HonestStanding(ExponentialAverage):
    """An average whose copies have statistics of their own, as standing statistics are."""

    def follow(self, *, images, batch):
        super().follow(images=images, batch=batch)
        for norm in (m for m in self.copies.modules() if isinstance(m, nn.BatchNorm1d)):
            norm.running_mean.fill_(7.0)


HONEST = [
    HonestSampler,
    HonestGenerator,
    HonestSevens,
    HonestTranslator,
    HonestDiscriminator,
    HonestConditioner,
    HonestEncoder,
    HonestConditionalEncoder,
    HonestAutoencoder,
    HonestExtractor,
    HonestPenalty,
    HonestScore,
    HonestRecipe,
    HonestPair,
    HonestStanding,
]
