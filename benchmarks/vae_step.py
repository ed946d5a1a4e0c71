"""A step of the VAE on 28×28 images through `Run`, against that of pythae: a markdown table.

    git clone https://github.com/clementchadebec/benchmark_VAE build/pythae
    OMP_NUM_THREADS=2 python benchmarks/vae_step.py --pythae build/pythae

Both sides have the networks of Kingma & Welling 2013 (500 hidden units, tanh, 20 latents), the Bernoulli
likelihood, Adam and batches of 100. Ours also checks that everything is finite and counts the images. All
sides run in turn within one process. `--likelihood IMAGES` trains VAE and IWAE of both sides on binarized
Fashion-MNIST instead, from equal weights on equal batches, and compares log p(x) of test images, each
estimated by both sides.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from gancore_vae import log_likelihood
from interleaved import interleaved, timing_options
from pythae_peer import model_of, step_of
from torch import Tensor

from gancore.data import ImageOptions, open_data
from gancore.training.run import TrainingRun
from gancore.verbs.recipes import recipe_of

RATE = 1e-3
NETWORKS = ("generator=mlp-decoder", "encoder=mlp-encoder", f"optimizer.lr={RATE}", "batch=100")
LATENTS = 5


class Batches:
    """A source that gives the batches of a function of their number."""

    def __init__(self, batch: Callable[[int], Tensor]) -> None:
        self.position, self.batch = 0, batch

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        self.position += 1
        return {"image": self.batch(self.position)}


class Ours:
    """Our recipe, and its step."""

    def __init__(self, name: str, batch: Callable[[int], Tensor], *more: str) -> None:
        self.recipe = recipe_of(name, [*NETWORKS, *more])
        self.recipe.bind(facts={"image": (1, 28, 28)}, by="the benchmark")
        self.run = TrainingRun(self.recipe, Batches(batch), batch=100, total=10**7)

    def step(self) -> None:
        self.recipe.step(self.run)
        self.run.step += 1

    def networks(self) -> list[torch.nn.Sequential]:
        """Copies of the layers of encoder and decoder."""
        return [copy.deepcopy(getattr(self.recipe, name).network) for name in ("encoder", "generator")]


def table(sides: dict[str, Callable[[], None]], given: argparse.Namespace) -> str:
    clock = time.process_time if given.processor_time else time.perf_counter
    foreign = float("inf") if given.processor_time else given.foreign
    kept = interleaved(sides, given.rounds, limit=given.limit, foreign=foreign, clock=clock)
    if not kept:
        raise SystemExit(
            "no round was undisturbed; try when the machine is quiet, or allow more with --foreign"
        )
    lines = ["| side | ms a step | of the peer's | rounds |", "|---|---|---|---|"]
    for name in sides:
        middle = 1000 * statistics.median(row[name] for row in kept) / given.steps
        ratio = f"{statistics.median(row[name] / row['peer'] for row in kept):.2f}" if "peer" in sides else ""
        lines.append(f"| {name} | {middle:.2f} | {ratio} | {len(kept)} |")
    return "\n".join(lines)


def repeated(step: Callable[[], object], times: int) -> Callable[[], None]:
    def several() -> None:
        for _ in range(times):
            step()

    return several


def timed_sides(given: argparse.Namespace) -> dict[str, Callable[[], None]]:
    image = torch.rand(100, 1, 28, 28)
    ours = Ours("vae", lambda _: image * 2 - 1)
    sides = {"ours": repeated(ours.step, given.steps)}
    if given.pythae:
        step = step_of(model_of(given.pythae, "vae", *ours.networks()), RATE)
        sides["peer"] = repeated(lambda: step(image), given.steps)
    return sides


def binarized(subset: str, given: argparse.Namespace) -> Tensor:
    """Fashion-MNIST with each pixel 0 or 1, at half of the range: `(N, 1, 28, 28)`."""
    data = open_data(str(given.fashion_mnist), ImageOptions(subset=subset))
    return (data.rows(torch.arange(len(data)).numpy())["image"] > 0).float()


def likelihoods(given: argparse.Namespace) -> str:
    """log p(x) in nats of VAE and IWAE: each model judged by both estimates."""
    train, test = binarized("train", given), binarized("test", given)[: given.count]
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))

    def batch(i: int) -> Tensor:
        return train[order[(torch.arange(100) + 100 * i) % len(train)]]

    lines = ["| model | trained by | estimate of ours | estimate of pythae |", "|---|---|---|---|"]
    for name, more in (("vae", ()), ("iwae", (f"samples={LATENTS}",))):
        ours = Ours(name, lambda i: batch(i) * 2 - 1, *more)
        options = {"number_samples": LATENTS} if more else {}
        theirs = model_of(given.pythae, name, *ours.networks(), **options)
        step = step_of(theirs, RATE)
        for i in range(given.likelihood // 100):
            ours.step()
            step(batch(i + 1))
        trained = {"gancore": layers(ours.recipe.encoder, ours.recipe.generator)}
        trained["pythae"] = layers(theirs.encoder, theirs.decoder)
        for side, states in trained.items():
            cells = judged(ours, theirs, states, test, given)
            lines.append(f"| {name} | {side} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def layers(*parts: Any) -> list[dict[str, Tensor]]:
    """Copies of the weights of encoder and decoder, under the names that both sides give them."""
    return [copy.deepcopy(getattr(part, "network", None) or part.layers).state_dict() for part in parts]


def judged(
    ours: Ours, theirs: Any, states: list[dict[str, Tensor]], test: Tensor, given: argparse.Namespace
) -> list[str]:
    """log p(x) of a model with these weights by both estimates."""
    here = (ours.recipe.encoder.network, ours.recipe.generator.network)
    for networks in (here, (theirs.encoder.layers, theirs.decoder.layers)):
        for network, state in zip(networks, states, strict=True):
            network.load_state_dict(state)
    with torch.no_grad():
        by_ours = log_likelihood(ours.recipe, test * 2 - 1, samples=given.samples).nats
        by_theirs = theirs.get_nll(test, n_samples=given.samples, batch_size=given.samples)
    error = float(by_ours.std()) / len(by_ours) ** 0.5
    return [f"{float(by_ours.mean()):.2f} ± {error:.2f}", f"{by_theirs:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pythae", type=Path, help="a checkout of clementchadebec/benchmark_VAE")
    parser.add_argument("--steps", type=int, default=50, help="steps of a timing")
    parser.add_argument("--rounds", type=int, default=9, help="undisturbed rounds")
    parser.add_argument("--limit", type=float, default=120, help="most seconds for the rounds")
    parser.add_argument("--likelihood", type=int, default=0, metavar="IMAGES", help="train on so many images")
    parser.add_argument("--fashion-mnist", type=Path, help="folder of Fashion-MNIST, for --likelihood")
    parser.add_argument("--count", type=int, default=500, help="test images")
    parser.add_argument("--samples", type=int, default=200, help="draws for an estimate")
    timing_options(parser)
    given = parser.parse_args()
    torch.manual_seed(0)
    if given.likelihood:
        if not given.pythae or not given.fashion_mnist:
            raise SystemExit("--likelihood needs --pythae and --fashion-mnist")
        print(likelihoods(given))
        return
    print(f"batch 100, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print(table(timed_sides(given), given))


if __name__ == "__main__":
    main()
