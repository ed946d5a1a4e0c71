"""What earlier versions saved still loads, goes on, and gives the same images."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gancore.component.specs import build, spec
from gancore.runs.opening import load_pipeline
from gancore.training.start import resume

GOLDEN = Path(__file__).parent / "golden"
RUNS = sorted(path.name for path in (GOLDEN / "runs").iterdir())
PARTS = json.loads((GOLDEN / "parts.json").read_text(encoding="utf-8"))
TOLERANCE = 2e-4  # another processor sums in another order


def images_of(folder):
    pipeline = load_pipeline(folder)
    if pipeline.sampler is not None:
        return pipeline.sample(2, seed=5)
    return pipeline.render(torch.linspace(-1, 1, 2 * 3 * 16 * 16).reshape(2, 3, 16, 16), seed=5)


@pytest.mark.parametrize("folder", [*(f"runs/{name}" for name in RUNS), "imported"])
def test_a_saved_pipeline_gives_the_images_that_it_gave(folder):
    expected = load_file(GOLDEN / "samples.safetensors")[Path(folder).name]
    assert (images_of(GOLDEN / folder) - expected).abs().max() < TOLERANCE


@pytest.mark.parametrize("name", RUNS)
def test_a_saved_run_goes_on(name, tmp_path):
    shutil.copytree(GOLDEN / "runs" / name, tmp_path / name)
    trained = resume(tmp_path / name, images=72)
    assert trained.run.images >= 72
    assert (tmp_path / name / "checkpoints" / f"{trained.run.images:08d}").is_dir()


@pytest.mark.parametrize("saved", PARTS, ids=lambda saved: f"{saved['kind']}/{saved['spec']['part']}")
def test_the_spec_of_a_part_still_builds(saved):
    part = build(saved["spec"], saved["kind"])
    assert spec(build(spec(part), type(part).kind)) == spec(part)
