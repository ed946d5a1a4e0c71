"""What starting costs: `import gancore` with all its public names over `import torch`, and `gancore --help`.

python benchmarks/startup.py
"""

import os
import statistics
import subprocess
import sys

from interleaved import interleaved

TORCH = "import torch"
PUBLIC = "import gancore; [getattr(gancore, name) for name in gancore.__all__]"
COMMANDS = {
    "import torch": [sys.executable, "-c", TORCH],
    "import gancore": [sys.executable, "-c", "import gancore"],
    "import torch, gancore": [sys.executable, "-c", f"{TORCH}; import gancore"],
    "every public name": [sys.executable, "-c", f"{TORCH}; {PUBLIC}"],
    "gancore --help": [sys.executable, "-m", "gancore", "--help"],
}


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})


def medians(rounds: int = 9) -> dict[str, float]:
    """Seconds by command; the child processes count as others, so no round is thrown away."""
    functions = {name: (lambda command=command: run(command)) for name, command in COMMANDS.items()}
    kept = interleaved(functions, rounds, warm_up=1, foreign=float("inf"))
    return {name: statistics.median(row[name] for row in kept) for name in COMMANDS}


def main() -> None:
    found = medians()
    for name, seconds in found.items():
        print(f"{name:24} {seconds:6.3f} s  (over import torch: {seconds - found['import torch']:+.3f} s)")


if __name__ == "__main__":
    main()
