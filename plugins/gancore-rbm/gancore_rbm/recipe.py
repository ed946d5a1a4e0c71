"""The training recipe of restricted Boltzmann machines, and two published settings."""

from typing import Any

import torch
from torch import Tensor

from gancore.component.interfaces import Optimizer, Terms
from gancore.component.part import Seat, field, part, seat
from gancore.component.presets import Preset
from gancore.component.validators import at_least, whole
from gancore.nn.moments import value_moments
from gancore.pipeline import Pipeline
from gancore.recipes.base import Player, Recipe, Run
from gancore.standard.conditioners import Identity
from gancore.standard.optimizers import SGD
from gancore.standard.schedules import Linear
from gancore_rbm.chains import AnnealedGibbs, Chain, ContinuedGibbs
from gancore_rbm.encoder import RBMEncoder
from gancore_rbm.generator import RBMGenerator, VisibleLayer
from gancore_rbm.negative import Kept, NegativePhase, Persistent

MONITORED = 50
"""The reconstruction error is computed in one of so many steps."""


@part("rbm")
class RBM(Recipe):
    """Stochastic gradient ascent of the log-likelihood of a restricted Boltzmann machine.

    Papers: Hinton 2010, A practical guide to training restricted Boltzmann machines; Tieleman 2008, Training
    restricted Boltzmann machines using approximations to the likelihood gradient, ICML, for the persistent
    chains that are the default. Before the first step one pass over the data sets the visible biases to the
    log-odds of the mean of each value. One step is, in this order:

    1. the chains of the negative phase move, if they are kept;
    2. one update by the difference between the free energies of a batch and of the negative phase, whose
       gradient in W is -(⟨vhᵀ⟩_data - ⟨vhᵀ⟩_model), with the probabilities of h in place of its states,
       and by the weight cost λ/2 ‖W‖².

    Samples continue those chains (`sampler/continued-gibbs`), or where there are none, anneal
    (`sampler/annealed-gibbs`). The curve `contrast` is the difference of 2, which is near 0 while chains
    follow the model, and no measure of progress; `reconstruction` is the mean squared error of
    E[v | E[h | v]].

    Differences: 500 hidden units and the learning rate are chosen for trainings of minutes; SGD has no
    momentum by default, since the persistent chains have to follow the weights.
    """

    examples = (
        {
            "generator": {"part": "rbm", "hidden": 5},
            "negative": {"part": "persistent", "chains": 3},
            "batch": 4,
        },
        {
            "generator": {"part": "gaussian-rbm", "hidden": 5},
            "negative": "contrastive-divergence",
            "chain": 5,
            "batch": 4,
        },
        {
            "generator": {"part": "rbm", "hidden": 5},
            "negative": {"part": "parallel-tempering", "chains": 2, "temperatures": 3},
            "batch": 4,
        },
    )

    generator: Seat[VisibleLayer] = seat(default=RBMGenerator)
    negative: Seat[NegativePhase] = seat(default=Persistent)
    optimizer: Seat[Optimizer] = seat(default=lambda: SGD(lr=0.05, schedule=Linear()))
    weight_cost: float = field(default=1e-4, validator=at_least(0), help="λ, weight of half the squares of W")
    chain: int = field(default=200, validator=whole(1), help="Gibbs steps of the chain of a sample")
    batch: int = field(default=100, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """The image shape, which the data give, and the shape of a hidden state."""
        return {"image": self.image} if seat == "generator" else {"code": tuple(self.generator.code_shape)}

    def build(self) -> None:
        """Makes the hidden layer and the sampler."""
        code = tuple(self.generator.code_shape)
        self.encoder = RBMEncoder(generator=self.generator, image=self.image)
        self.sampler = self.chains(latent=code, steps=self.chain)
        self.identity = Identity(code=code)

    def chains(self, **options: Any) -> Chain:
        """The sampler: from the chains of the negative phase where it keeps some, otherwise annealed."""
        if isinstance(self.negative, Kept):
            return ContinuedGibbs(encoder=self.encoder, negative=self.negative, **options)
        return AnnealedGibbs(encoder=self.encoder, **options)

    @property
    def batch_size(self) -> int:
        """Images per step."""
        return self.batch

    def length(self, available: int) -> int:
        """Ten passes over the data."""
        return 10 * available

    def players(self) -> dict[str, Player]:
        """One player: both layers, and the chains."""
        return {"model": Player([self.generator, self.encoder, self.negative], self.optimizer)}

    def pipelines(self) -> dict[str, Pipeline]:
        """Hidden states at the end of a chain, the mean of their images, and the probabilities of hidden
        units for reconstruction.
        """
        return {
            "image": Pipeline(
                sampler=self.sampler,
                conditioner=self.identity,
                generator=self.generator,
                encoder=self.encoder,
            )
        }

    def step(self, run: Run) -> None:
        """Moves the chains, and makes one update."""
        if not self.generator.begun:
            batches = (run.gather(batch["image"]) for batch in run.pass_over())
            self.generator.begin(*value_moments(batches))
        image = run.batch()["image"]
        self.negative.move(self.encoder.machine, run)
        run.update("model", self.terms, image)
        if run.every(MONITORED):
            run.log(reconstruction=self.reconstruction(image))

    def terms(self, image: Tensor) -> Terms:
        """The difference of free energies, and the weight cost."""
        machine, visible = self.encoder.machine, self.generator.visible(image)
        with torch.no_grad():
            negative = self.negative(machine, visible)  # (M, D)
        contrast = machine.free_energy(visible).mean() - machine.free_energy(negative).mean()
        return {"contrast": contrast, "decay": self.weight_cost / 2 * machine.weight.square().sum()}

    @torch.no_grad()
    def reconstruction(self, image: Tensor) -> Tensor:
        """The mean squared error of visible states, each from the probabilities of the hidden units."""
        machine, visible = self.encoder.machine, self.generator.visible(image)
        return (machine.visible_mean(machine.hidden_mean(visible)) - visible).square().mean()


CONTRASTIVE = Preset(
    name="rbm-cd",
    base=RBM,
    doc="""A restricted Boltzmann machine by CD-1 with momentum.

    Paper: Hinton 2010, A practical guide to training restricted Boltzmann machines. Learning rate 0.1,
    momentum 0.5 for the first 300,000 images and 0.9 from then on, weight cost 1e-4. Chains stay near the
    data, so samples are worse than those of recipe/rbm. Settings otherwise as recipe/rbm.
    """,
    options={
        "negative": "contrastive-divergence",
        "optimizer": {
            "part": "sgd",
            "lr": 0.1,
            "momentum": {"part": "piecewise", "points": [[0, 0.5], [300_000, 0.9]], "between": "constant"},
        },
    },
)

GAUSSIAN = Preset(
    name="rbm-gaussian",
    base=RBM,
    doc="""A restricted Boltzmann machine with Gaussian visible units.

    Paper: Hinton 2010, A practical guide to training restricted Boltzmann machines: values are standardized,
    and the learning rate is smaller than that of binary units. Settings otherwise as recipe/rbm.
    """,
    options={
        "generator": "gaussian-rbm",
        "optimizer": {"part": "sgd", "lr": 0.002, "schedule": "linear"},
    },
)
