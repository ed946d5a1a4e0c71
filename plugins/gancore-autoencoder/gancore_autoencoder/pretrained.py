"""The deep autoencoder whose layers are pretrained as restricted Boltzmann machines."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Optimizer, Terms
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import at_least, whole
from gancore.errors import FitError
from gancore.nn.boltzmann import BERNOULLI, GAUSSIAN, BoltzmannMachine, contrastive_divergence
from gancore.recipes.base import Player, Run
from gancore.standard.optimizers import SGD
from gancore_autoencoder.mlp import MLPEncoder, MLPGenerator
from gancore_autoencoder.recipe import Autoencoder
from gancore_autoencoder.reconstructions import CrossEntropy, Reconstruction


@part("pretrained-autoencoder")
class PretrainedAutoencoder(Autoencoder):
    """A deep autoencoder in stages: its layers are pretrained one after the other as restricted Boltzmann
    machines, then unrolled, and trained together.

    Paper: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks, Science 313.
    The training is, in this order:

    1. for each layer of the encoder, from the image to the code, `pretraining` images: one update by
       contrastive divergence (CD-1) a batch, with the probabilities of the layers below as visible states.
       The units of the code are Gaussian of variance 1, all others Bernoulli, and images are probabilities;
    2. the decoder takes the transposed weights of the machines and their visible biases;
    3. steps of recipe/autoencoder, in which encoder and decoder share weights no more.

    A machine has no weights of its own: W and the hidden biases are those of the encoder's layer, the visible
    biases those of the decoder's layer that undoes it. The paper's network for 28×28 is the default. As in
    the released code, the learning rate is 0.1, the weight cost 2e-4, and for the Gaussian code the hundredth
    part of the learning rate. Differences: 100,000 images for each layer, where the paper makes 50 passes
    over 60,000; a momentum of 0.5 throughout, which is raised to 0.9 there; Adam in place of conjugate
    gradients.

    Raises:
        FitError: the decoder is not the encoder's mirror image, or hidden layers are not sigmoid.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "autoencoder-mlp", "widths": [], "latent": 4, "hidden": "sigmoid"},
            "encoder": {"part": "autoencoder-mlp", "widths": [], "hidden": "sigmoid"},
            "sampler": {"part": "gancore:gaussian-mixture", "components": 2},
            "pretraining": 4,
            "batch": 4,
        },
    )
    idle_at_first: ClassVar[frozenset[str]] = frozenset({"reconstruction", "corruptions", "penalties"})

    generator: Seat[MLPGenerator] = seat(
        default=lambda: MLPGenerator(widths=(250, 500, 1000), hidden="sigmoid", latent=30)
    )
    encoder: Seat[MLPEncoder] = seat(default=lambda: MLPEncoder(widths=(1000, 500, 250), hidden="sigmoid"))
    reconstruction: Seat[Reconstruction] = seat(default=CrossEntropy)
    layer_optimizer: Seat[Optimizer] = seat(
        default=lambda: SGD(lr=0.1, momentum=0.5), help="of the pretraining"
    )
    pretraining: int = field(
        default=100_000, validator=whole(1), help="images that each layer is pretrained with"
    )
    weight_cost: float = field(
        default=2e-4, validator=at_least(0), help="weight of half the squares of W in the pretraining"
    )
    code_rate: float = field(
        default=0.01, validator=at_least(0), help="factor on the learning rate where the code is Gaussian"
    )

    def build(self) -> None:
        """Checks that the networks mirror each other, and begins at the first layer."""
        super().build()
        mirrored = tuple(reversed(self.generator.widths)) == tuple(self.encoder.widths)
        if not mirrored or {self.generator.hidden, self.encoder.hidden} != {"sigmoid"}:
            raise FitError(
                f"{self.qualified_name} unrolls its encoder into its decoder: give sigmoid hidden layers to "
                f"both, and the widths of one in the order of the other reversed; got the encoder's "
                f"{self.encoder.widths} {self.encoder.hidden}, the generator's {self.generator.widths} "
                f"{self.generator.hidden}"
            )
        self.stage = nn.Buffer(torch.zeros((), dtype=torch.int64))

    @property
    def depth(self) -> int:
        """The number of machines."""
        return len(self.encoder.layers)

    @property
    def ready(self) -> bool:
        """Whether the machines were unrolled."""
        return int(self.stage) == self.depth

    def length(self, available: int) -> int:
        """The pretraining, and the steps of recipe/autoencoder."""
        return self.depth * self.pretraining + super().length(available)

    def players(self) -> dict[str, Player]:
        """The layers, while they are machines, and the whole; both own the same weights."""
        layers = Player(
            [self.encoder, self.generator], self.layer_optimizer, constraints=list(self.constraints)
        )
        return {**super().players(), "layers": layers}

    def step(self, run: Run) -> None:
        """An update of the machine whose turn it is, or one of the whole."""
        self._reach(min(run.images // self.pretraining, self.depth), run)
        if self.ready:
            super().step(run)
            return
        layer = int(self.stage)
        run.scale_lr("layers", self.code_rate if self.machine(layer).hidden is GAUSSIAN else 1.0)
        run.update("layers", partial(self.layer_terms, layer), run.batch()["image"])

    def finish(self, run: Run) -> None:
        """Unrolls a pretraining that was cut short, and fits the sampler."""
        self._reach(self.depth, run)
        super().finish(run)

    def machine(self, layer: int) -> BoltzmannMachine:
        """The restricted Boltzmann machine of a layer, over the weights of encoder and decoder."""
        encoding, decoding = self.encoder.layers[layer], self.generator.layers[self.depth - 1 - layer]
        last = layer == self.depth - 1
        gaussian = last and self.encoder.activation == "linear"
        return BoltzmannMachine(
            encoding.get_parameter("weight").T,
            decoding.get_parameter("bias"),
            encoding.get_parameter("bias"),
            BERNOULLI,
            GAUSSIAN if gaussian else BERNOULLI,
        )

    def visible(self, layer: int, image: Tensor) -> Tensor:
        """What a machine sees of images `(N, C, H, W)`: values in [0, 1], or the probabilities of the hidden
        units below, `(N, D)`.
        """
        x = (image.flatten(1) + 1) / 2  # (N, C·H·W)
        for below in range(layer):
            x = self.machine(below).hidden_mean(x)
        return x

    def layer_terms(self, layer: int, image: Tensor) -> Terms:
        """Contrastive divergence, the weight cost, and the squared error of a reconstruction, which is not
        minimized.
        """
        machine = self.machine(layer)
        with torch.no_grad():
            visible = self.visible(layer, image)
            made = machine.visible_mean(machine.hidden_mean(visible))
        return {
            "contrast": contrastive_divergence(machine, visible, mean_field=True),
            "decay": self.weight_cost / 2 * machine.weight.square().sum(),
            "error": (made - visible).square().sum(1).mean(),
        }

    @torch.no_grad()
    def _reach(self, stage: int, run: Run) -> None:
        """Ends the stages before this one: a layer that is done lends its weights to the decoder."""
        while int(self.stage) < stage:
            done = int(self.stage)
            decoding = self.generator.layers[self.depth - 1 - done]
            decoding.get_parameter("weight").copy_(self.encoder.layers[done].get_parameter("weight").T)
            run.restart("layers")
            self.stage.add_(1)
