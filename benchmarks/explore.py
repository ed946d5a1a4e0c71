"""How quickly the explorer answers: an untrained 64×64 DCGAN of the published size, asked over HTTP.

    OMP_NUM_THREADS=2 python benchmarks/explore.py [--requests 300]

Each request differs from all others, so that none is answered from memory. Target: 100 ms at the 95th
percentile on two cores.
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from gancore_dcgan import DCGAN

TARGET = 100.0


def save_pipeline(folder: Path) -> None:
    recipe = DCGAN()
    recipe.bind(facts={"image": (3, 64, 64), "classes": 0}, by="the benchmark")
    recipe.pipelines()["image"].save(folder)


def milliseconds(connection: http.client.HTTPConnection, path: str, body: object) -> float:
    begun = time.perf_counter()
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    return (time.perf_counter() - begun) * 1000


def questions(requests: int) -> dict[str, list[tuple[str, object]]]:
    rng = np.random.default_rng(0)

    def point() -> dict[str, object]:
        return {"seed": int(rng.integers(2**31)), "shift": rng.uniform(-4, 4, 2).round(2).tolist()}

    few = requests // 3
    return {
        "an image": [("/image", point()) for _ in range(requests)],
        "between two": [("/image", {"between": [point(), point()], "at": 0.5}) for _ in range(requests)],
        "3×3 neighbors": [("/neighbors", {"view": point(), "size": 3}) for _ in range(few)],
        "5×5 neighbors": [("/neighbors", {"view": point(), "size": 5}) for _ in range(few)],
        "a latent": [("/latent", point()) for _ in range(few)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        save_pipeline(Path(folder) / "pipeline")
        command = [sys.executable, "-m", "gancore", "explore", folder, "--port", "0", "--no-browser"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
            connection = http.client.HTTPConnection(urlsplit(url).netloc)
            for name, asked in questions(given.requests).items():
                times = [milliseconds(connection, *each) for each in asked][5:]
                median, late = np.percentile(times, [50, 95])
                print(
                    f"{name:16} median {median:6.1f} ms   p95 {late:6.1f} ms   "
                    f"{'ok' if late < TARGET else 'LATE'}"
                )
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
