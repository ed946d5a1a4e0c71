"""The training recipe of deep belief networks: a greedy stack of Boltzmann machines, then wake-sleep."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gancore.component.interfaces import Optimizer, Terms
from gancore.component.part import Seat, field, part, seat
from gancore.component.randomness import seeded
from gancore.component.validators import above, at_least, whole, within
from gancore.nn.boltzmann import BERNOULLI, BoltzmannMachine, contrastive_divergence, log_odds
from gancore.nn.moments import value_moments
from gancore.pipeline import Pipeline
from gancore.recipes.base import Player, Recipe, Run
from gancore.standard.conditioners import Identity
from gancore.standard.optimizers import SGD
from gancore_dbn.encoder import DBNEncoder
from gancore_dbn.generator import DBNGenerator
from gancore_dbn.memory import AssociativeMemory


@part("dbn")
class DBN(Recipe):
    """A deep belief network: layers are learned one by one as restricted Boltzmann machines, then all
    together by wake-sleep.

    Paper: Hinton, Osindero & Teh 2006, A fast learning algorithm for deep belief nets, Neural Computation 18.
    `stage` says which layer is learned, from 0, the one that reads the image; the last layer is the memory's,
    and the stage after it is the fine-tuning. When a stage begins, the weights of the layer before it are
    copied to the encoder, one pass over the data sets the visible biases of the new layer to the log-odds of
    the means of its units, and the optimizer is reset. One step is, in this order:

    1. the stage moves on with the number of images seen;
    2. in a greedy stage, one update of its layer, on the probabilities of the units below it: by CD-k, or in
       the memory by its kept chains, which are moved first;
    3. in the last stage, the memory's chains are moved, and one update of all layers follows by wake-sleep:

       * wake: states are drawn upwards, and each directed layer learns to give the layer below it;
       * the memory learns from the states that reach it, and from its chains;
       * sleep: states are drawn downwards from the memory's chains, and each layer of the encoder learns to
         give the layer above it.

    Each layer is learned for `layer_images`; if the greedy stages would take more than the fraction
    `pretrained_by` of the training, they are shortened to it. Extending a training never goes back to an
    earlier stage. Images are read as probabilities (x + 1) / 2.

    Differences: chains are kept in the memory, in place of chains that begin at the data (the contrastive
    version of wake-sleep), and dreams come from them; no labels in the memory; layers and learning rates are
    chosen for trainings of minutes. All processes move all chains, with the same noise.
    """

    examples = (
        {
            "generator": {"part": "dbn", "hidden": (5, 4)},
            "sampler": {"part": "associative-memory", "hidden": 6, "chains": 4, "steps": 3},
            "batch": 4,
        },
    )

    generator: Seat[DBNGenerator] = seat(default=DBNGenerator)
    encoder: Seat[DBNEncoder] = seat(default=DBNEncoder)
    sampler: Seat[AssociativeMemory] = seat(default=AssociativeMemory)
    optimizer: Seat[Optimizer] = seat(default=lambda: SGD(lr=0.05, momentum=0.5))
    layer_images: int = field(
        default=300_000, validator=whole(1), help="images for which each layer is learned alone"
    )
    pretrained_by: float = field(
        default=0.6,
        validator=within(0, 1),
        help="fraction of the training that the greedy stages take at most",
        scheduled=False,
    )
    steps: int = field(default=1, validator=whole(1), help="Gibbs steps k of CD-k in the directed layers")
    memory_steps: int = field(
        default=1, validator=whole(1), help="Gibbs steps of the memory's chains between two updates"
    )
    fine_rate: float = field(
        default=0.1, validator=above(0), help="factor on the learning rate in the fine-tuning"
    )
    weight_cost: float = field(
        default=2e-4, validator=at_least(0), help="weight of half the squares of a layer's weights"
    )
    batch: int = field(default=100, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """The image shape, the sizes of the hidden layers, and the shape of the latent."""
        known: dict[str, Any] = {"image": self.image}
        if seat != "generator":
            known |= {"hidden": self.generator.hidden, "latent": tuple(self.generator.code_shape)}
        return known

    def build(self) -> None:
        """Makes the stage, at first before that of the first layer."""
        self.identity = Identity(code=tuple(self.generator.code_shape))
        self.stage = nn.Buffer(torch.tensor(-1))

    @property
    def batch_size(self) -> int:
        """Images per step."""
        return self.batch

    @property
    def top(self) -> int:
        """The stage of the memory."""
        return len(self.generator.hidden)

    @property
    def ready(self) -> bool:
        """Whether the memory has begun to learn: before that, nothing is drawn."""
        return int(self.stage) >= self.top

    def length(self, available: int) -> int:
        """Twenty passes over the data."""
        return 20 * available

    def players(self) -> dict[str, Player]:
        """One player: all layers. Those that a stage leaves out get no gradient."""
        return {"model": Player([self.generator, self.encoder, self.sampler], self.optimizer)}

    def pipelines(self) -> dict[str, Pipeline]:
        """Chains of the memory, the down-pass, and the up-pass for reconstruction."""
        return {
            "image": Pipeline(
                sampler=self.sampler,
                conditioner=self.identity,
                generator=self.generator,
                encoder=self.encoder,
            )
        }

    def machine(self, level: int) -> BoltzmannMachine:
        """The restricted Boltzmann machine between this level and the next."""
        if level == self.top:
            return self.sampler.layer.machine
        below, above = self.generator.directed[level], self.encoder.recognizing[level]
        return BoltzmannMachine(below.weight, below.bias, above.bias)

    def step(self, run: Run) -> None:
        """One update of the stage's layer, or of all."""
        planned = self.planned(run.images, run.total)
        while self.stage < planned:
            self.begin(int(self.stage) + 1, run)
        fine = int(self.stage) > self.top
        run.scale_lr("model", self.fine_rate if fine else 1.0)
        image = run.batch()["image"]
        dreams = self.dreams(run) if int(self.stage) >= self.top else []
        terms = partial(self.wake_sleep, dreams) if fine else partial(self.greedy, dreams)
        run.update("model", terms, image)
        run.log(stage=float(self.stage))

    def planned(self, images: int, total: int) -> int:
        """The stage at `images` of `total`; a total of 0 is not known."""
        layers = self.top + 1
        most = self.pretrained_by * total / layers if total else self.layer_images
        each = min(float(self.layer_images), most)
        return min(int(images / each), layers) if each else layers

    @torch.no_grad()
    def begin(self, stage: int, run: Run) -> None:
        """Ties the encoder to the layer that was learned, and looks at what the new one will read."""
        if 0 < stage <= self.top:
            weight = self.generator.directed[stage - 1].weight
            self.encoder.recognizing[stage - 1].weight.copy_(weight.T)
        if stage <= self.top:
            batches = (run.gather(self.reads(batch["image"], stage)) for batch in run.pass_over())
            self.machine(stage).visible_bias.copy_(log_odds(value_moments(batches)[0]))
        self.stage.fill_(stage)
        run.restart("model")

    def reads(self, image: Tensor, level: int) -> Tensor:
        """Probabilities `(N, h)` of the units of a level, of images `(N, C, H, W)`."""
        return self.encoder.level(self.generator.visible(image), level)

    def dreams(self, run: Run) -> list[Tensor]:
        """Moves the memory's chains, and draws states `(M, h)` of all levels from them, with noise that is
        the same in all processes.
        """
        seed = int(torch.randint(2**62, (), generator=run.rng))
        with torch.no_grad(), seeded(seed, self.sampler.states.device):
            return self.dreamed(self.sampler.advance(self.memory_steps))

    def greedy(self, dreams: list[Tensor], image: Tensor) -> Terms:
        """The contrast of the layer of this stage, and its weight cost."""
        level = int(self.stage)
        machine = self.machine(level)
        with torch.no_grad():
            visible = self.reads(image, level)  # (N, h)
        if level == self.top:
            contrast = self.memory_contrast(visible, dreams)
        else:
            contrast = contrastive_divergence(machine, visible, self.steps)
        return {
            f"contrast-{level}": contrast,
            f"decay-{level}": self.weight_cost / 2 * machine.weight.square().sum(),
        }

    def wake_sleep(self, dreams: list[Tensor], image: Tensor) -> Terms:
        """The losses of the directed layers, of the memory and of the encoder."""
        with torch.no_grad():
            awake = self.recognized(self.generator.visible(image))
        return {
            "wake": self.losses(self.generator.down, awake[1:], awake[:-1]),
            "memory": self.memory_contrast(awake[-1], dreams),
            "sleep": self.losses(self.encoder.up, dreams[:-1], dreams[1:]),
        }

    def memory_contrast(self, reached: Tensor, dreams: list[Tensor]) -> Tensor:
        """Free energy of states `(N, h)` that reached the memory minus that of its chains, which dreams begin
        with.
        """
        memory = self.machine(self.top)
        return memory.free_energy(reached).mean() - memory.free_energy(dreams[-1]).mean()

    def recognized(self, visible: Tensor) -> list[Tensor]:
        """States of all levels, drawn upwards: the probabilities of the visible units first."""
        states = [visible]
        for i in range(self.top):
            states.append(BERNOULLI.sample(self.encoder.up(i, states[-1])))
        return states

    def dreamed(self, state: Tensor) -> list[Tensor]:
        """States of all levels, drawn downwards from the highest; the visible units keep probabilities."""
        states = [state]
        for i in reversed(range(self.top)):
            units = BERNOULLI.sample if i else BERNOULLI.mean
            states.insert(0, units(self.generator.down(i, states[0])))
        return states

    def losses(self, layer: Any, given: list[Tensor], wanted: list[Tensor]) -> Tensor:
        """-log p of the wanted states, summed over units and layers, the mean over rows."""
        return torch.stack(
            [
                binary_cross_entropy_with_logits(layer(i, states), goal, reduction="none").sum(1).mean()
                for i, (states, goal) in enumerate(zip(given, wanted, strict=True))
            ]
        ).sum()
