"""A step of one recipe on the cached codes of a first stage, and on the pixels that were encoded.

    OMP_NUM_THREADS=1 python benchmarks/first_stage.py [--recipe dcgan] [--width 16] [--batch 32]

Images of 64×64×3 become codes of 16×16×4 (two halvings). Both trainings take their batches from the loader;
what encoding all images once costs is printed beside them. The weights of the first stage are not trained,
which changes no time.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from interleaved import interleaved, timing_options
from torch import Tensor, nn

from gancore.component.interfaces import Encoder, Generator, Shape
from gancore.component.part import part
from gancore.data import Data, Loader, open_data
from gancore.data.code_maps import encoded
from gancore.data.first_stage import FirstStage
from gancore.pipeline import Pipeline
from gancore.standard import Identity
from gancore.training.run import TrainingRun
from gancore.training.start import fit_to_data
from gancore.verbs.recipes import recipe_of

IMAGE, CHANNELS = (3, 64, 64), 4


@part("benchmark-encoder")
class QuarterEncoder(Encoder):
    """Two halvings."""

    def build(self) -> None:
        self.layers = nn.Sequential(
            nn.Conv2d(self.image[0], 32, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, CHANNELS, 4, stride=2, padding=1),
        )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        code: Tensor = self.layers(image)
        return code


@part("benchmark-decoder")
class QuarterDecoder(Generator):
    """Two doublings."""

    @property
    def code_shape(self) -> Shape:
        return (CHANNELS, self.image[1] // 4, self.image[2] // 4)

    def build(self) -> None:
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(CHANNELS, 32, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, self.image[0], 4, stride=2, padding=1),
        )

    def forward(self, code: Tensor) -> Tensor:
        return torch.tanh(self.layers(code))


def autoencoder() -> FirstStage:
    decoder = QuarterDecoder(image=IMAGE)
    conditioner = Identity(code=tuple(decoder.code_shape))
    return FirstStage(
        Pipeline(conditioner=conditioner, generator=decoder, encoder=QuarterEncoder(image=IMAGE))
    )


def training(words: str, width: int, data: Data, loader: Loader) -> TrainingRun:
    recipe = recipe_of(words, {"generator.width": width, "discriminator.width": width})
    fit_to_data(recipe, data, 0)
    return TrainingRun(recipe, loader, batch=loader.batch, total=10**6)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="dcgan")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=10)
    timing_options(parser)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    images = open_data(rng.integers(0, 256, (given.images, *IMAGE), dtype=np.uint8), layout="NCHW")
    start = time.process_time()
    codes = encoded(images, autoencoder(), None)
    once = time.process_time() - start
    sets = {"pixels": images, "codes": codes}
    loaders = {name: Loader(data, seed=0, batch=given.batch) for name, data in sets.items()}
    runs = {name: training(given.recipe, given.width, data, loaders[name]) for name, data in sets.items()}
    found = interleaved(
        {name: (lambda run=run: run.recipe.step(run)) for name, run in runs.items()},
        given.rounds,
        foreign=given.foreign,
        clock=time.process_time if given.processor_time else time.perf_counter,
    )
    ratio = statistics.median(row["pixels"] / row["codes"] for row in found)
    print(
        f"{given.recipe}, width {given.width}, batch {given.batch}, {torch.get_num_threads()} threads, "
        f"{len(found)} undisturbed rounds"
    )
    for name, run in runs.items():
        median = statistics.median(row[name] for row in found)
        print(f"{name:7} {run.recipe.image!s:13} {1000 * median:7.1f} ms a step")
        loaders[name].close()
    print(f"encoding {given.images} images once: {once:.2f} s of the processor")
    print(f"pixels / codes: median {ratio:.2f}")


if __name__ == "__main__":
    main()
