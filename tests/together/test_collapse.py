"""A training made to collapse on purpose raises the alarm; the command is in docs/watching.md."""

import pytest

from gancore.cli import run
from gancore.runs.log import Log

RATES = ["--set", "generator_optimizer.lr=0.5", "--set", "discriminator_optimizer.lr=0.5"]


@pytest.mark.slow
def test_a_learning_rate_far_too_high_rings_before_the_seventh_grid(tmp_path):
    assert (
        run(
            [
                "train",
                "gan",
                "--images",
                "40000",
                "--evaluate-every",
                "2000",
                *RATES,
                "--threads",
                "1",
                "--output",
                str(tmp_path / "run"),
            ]
        )
        == 0
    )
    rung = {
        line["name"]: line["images"]
        for line in Log.read(tmp_path / "run" / "log.jsonl")
        if line.get("event") == "alarm"
    }
    seventh = sorted(int(path.stem) for path in (tmp_path / "run" / "samples").glob("*.png"))[6]
    print(rung)
    assert rung["collapse"] < seventh and rung["class-balance"] < seventh
