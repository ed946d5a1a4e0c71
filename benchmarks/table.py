"""Runs the benchmarks and writes docs/benchmarks.md.

    python benchmarks/table.py [--rounds 60]

Takes a few minutes on two quiet cores. torchgan is compared with where it is importable (see
torchgan_step.py).
"""

import argparse
import os
import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
HEAD = """# Benchmarks

Written by `python benchmarks/table.py`. Times of one machine say little: look at the ratios, taken in one
interleaved run from which every round is thrown away in which another process used a core.

Machine: {machine}, {threads} threads, Python {python}, torch {torch}.
"""


def output(name: str, *arguments: str, threads: int) -> str:
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--foreign", default="0.08")
    given = parser.parse_args()
    threads = torch.get_num_threads()
    step = ("--rounds", str(given.rounds), "--foreign", given.foreign, "--layouts")
    sections = {
        "One DCGAN step: the library against a loop by hand": output("dcgan_step", *step, threads=threads),
        "A step on the codes of a first stage, and on pixels": output(
            "first_stage", "--foreign", given.foreign, threads=1
        ),
        "The loader": output("loader", threads=1),
        "Starting": output("startup", threads=1),
    }
    if find_spec("torchgan"):
        title = "One DCGAN step: the library against torchgan 0.1.0"
        sections[title] = output("torchgan_step", "--foreign", given.foreign, threads=threads)
    head = HEAD.format(
        machine=platform.machine(), threads=threads, python=platform.python_version(), torch=torch.__version__
    )
    text = head + "".join(f"\n## {title}\n\n```text\n{body}\n```\n" for title, body in sections.items())
    (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
