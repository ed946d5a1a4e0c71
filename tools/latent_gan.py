"""The same recipe on the codes of a trained first stage and on pixels, for equal minutes of the processor.

    python tools/latent_gan.py --fashion-mnist FOLDER --first-stage RUN [--recipe gan] [--minutes 4]
    [--seeds 2] [--batch 64] [--set FIELD=VALUE ...] [--pixels FIELD=VALUE ...] [--codes FIELD=VALUE ...]
    [--runs runs/latent-gan]

Each training is stopped, as by a person, once its process has taken the minutes, in which its start counts.
The training of the first stage does not, nor the encoding of the images, which is done once before all
trainings; what it took is printed. `--pixels` and `--codes` change the recipe of one side, as the widths of
networks that have fewer stages for codes. Judged by features of samples and of training images. Prints a
table; `gancore sample RUN` shows images.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from families import options

from gancore.data import ImageOptions, open_data
from gancore.data.code_maps import encoded
from gancore.measure.evaluation import score_study
from gancore.measure.frechet import Frechet
from gancore.measure.precision_recall import PrecisionRecall
from gancore.runs.first_stages import first_stage
from gancore.runs.folder import RunFolder
from gancore.training.evaluating import EvaluationRequest, study_of_run

SCORES = (Frechet(), PrecisionRecall())
ENDLESS = 10**8


def seconds_of(process: int) -> float:
    """The processor time that a process has taken."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def encode(given: argparse.Namespace) -> float:
    """Writes the codes of all images into the cache, unless they are there; the processor's seconds."""
    start, options = time.process_time(), ImageOptions(subset="train", size=32, labels="none")
    images = open_data(str(given.fashion_mnist), options)
    encoded(images, first_stage(given.first_stage), options.cache_folder())
    return time.process_time() - start


def trained(run: Path, words: list[str], minutes: float) -> None:
    """Trains until the process has taken the minutes."""
    if RunFolder(run).exists:
        return
    command = [sys.executable, "-m", "gancore", "train", *words, "--output", str(run)]
    with run.with_suffix(".log").open("a") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        while process.poll() is None and seconds_of(process.pid) < 60 * minutes:
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        process.wait()


def sides(given: argparse.Namespace) -> dict[str, list[str]]:
    """The arguments of each training by the name of its run."""
    data = ["--data", str(given.fashion_mnist), "--subset", "train", "--size", "32", "--labels", "none"]
    how = ["--images", str(ENDLESS), "--batch", str(given.batch), "--threads", "1", "--evaluate-every", "0"]
    how += ["--precision", given.precision]
    common, pixels, codes = (
        [f"--set={change}" for change in changes] for changes in (given.set, given.pixels, given.codes)
    )
    stage = ["--first-stage", str(given.first_stage)]
    made = {}
    for seed in range(given.seeds):
        shared = [given.recipe, *data, *how, *common, "--seed", str(seed)]
        made[f"{given.recipe}-pixels-{seed}"] = [*shared, *pixels]
        made[f"{given.recipe}-codes-{seed}"] = [*shared, *codes, *stage]
    return made


def row(run: Path, given: argparse.Namespace) -> str:
    """A row of the table."""
    found = score_study(study_of_run(run, None, EvaluationRequest(count=given.count)), SCORES)
    cells = [f"{value.value:.3g}" for value in found.scores.values()]
    return f"| {run.name} | {found.images:,} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = options(__doc__, "runs/latent-gan")
    parser.add_argument("--first-stage", type=Path, required=True)
    parser.add_argument("--recipe", default="gan")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--precision", default="float32")
    for side in ("--set", "--pixels", "--codes"):
        parser.add_argument(side, nargs="*", default=[])
    given = parser.parse_args()
    given.runs.mkdir(parents=True, exist_ok=True)
    print(f"encoding all images once: {encode(given):.0f} s of the processor\n", flush=True)
    made = sides(given)
    for name, words in made.items():
        trained(given.runs / name, words, given.minutes)
    print("| run | images | FD | precision | recall |\n|---|---|---|---|---|")
    for name in made:
        print(row(given.runs / name, given), flush=True)


if __name__ == "__main__":
    main()
