import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch
from gancore_cyclegan import UNIT, CycleGAN, ResNet

from gancore import Recipe, create, load
from gancore.data import ImageOptions
from gancore.pictures.grid import save, to_pil
from gancore.runs.sources import Sources
from gancore.standard.patchgan import PatchGAN
from gancore.training.start import train


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = Path(__file__).parents[1] / "tools" / "held_out.py"
    found = importlib.util.spec_from_file_location("held_out", path)
    assert found is not None and found.loader is not None
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    return made


def test_the_histogram_counts_colors(tool: ModuleType) -> None:
    image = torch.full((1, 3, 2, 2), -1.0)
    image[:, :, 0, 0] = 1
    counts = tool.histogram(image, bins=2)
    assert counts[0, 0] == 0.75
    assert counts[0, 7] == 0.25
    assert counts.sum() == 1
    image[0, 2, 1, 1] = 0.5
    assert tool.histogram(image, bins=2)[0, 1] == 0.25


def test_the_distance_is_the_share_of_pixels_that_differ(tool: ModuleType) -> None:
    one, other = torch.full((2, 3, 4, 4), -1.0), torch.full((2, 3, 4, 4), -1.0)
    assert tool.color_distances(one, other).tolist() == [0, 0]
    other[0, 0, :2] = 1
    assert tool.color_distances(one, other).tolist() == [0.5, 0]
    assert tool.color_distances(one, -one).tolist() == [1, 1]


def test_a_gain_has_the_standard_error_over_pairs(tool: ModuleType) -> None:
    ours, made, theirs = torch.tensor([4.0, 6.0]), torch.tensor([1.0, 1.0]), torch.zeros(2)
    gain = tool.Gain(lambda one, other: (one - other).abs(), ours, made, theirs)
    assert (gain.before, gain.after, gain.gain, gain.error) == (5, 1, 4, pytest.approx(1))
    assert gain.significant
    assert str(gain) == "5.0000 → 1.0000 | 4.0000 ± 1.0000"
    assert not tool.Gain(lambda one, other: (one - other).abs(), ours, ours, theirs).significant


def domain(folder: Path, color: tuple[float, float, float]) -> str:
    rng = torch.Generator().manual_seed(0)
    folder.mkdir()
    images = torch.tensor(color)[:, None, None] + 0.3 * torch.rand(20, 3, 8, 8, generator=rng)
    for i, picture in enumerate(to_pil(images)):
        save(picture, folder / f"{i}.png")
    return str(folder)


def trained(tmp_path: Path, recipe: Recipe, **settings: int) -> Path:
    sources = (domain(tmp_path / "red", (0.6, -0.8, -0.8)), domain(tmp_path / "blue", (-0.8, -0.8, 0.6)))
    data = Sources(data=sources, options=ImageOptions(cache="off"))
    return train(recipe, data, output=tmp_path / "run", images=2, threads=1, **settings).folder


def cyclegan() -> CycleGAN:
    return CycleGAN(
        to_target=ResNet(width=4, blocks=1),
        to_source=ResNet(width=4, blocks=1),
        target_discriminator=PatchGAN(width=4, layers=1),
        source_discriminator=PatchGAN(width=4, layers=1),
    )


def test_a_run_is_measured_on_what_it_did_not_see(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(tmp_path, cyclegan(), hold_out=5)
    pairs = tool.held_out(run)
    assert len(pairs) == 5
    assert pairs.source.stems == pairs.target.stems
    assert tool.main([str(run), "--sheet", str(tmp_path / "sheet.png")]) in (0, 1)
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == tool.HEAD.splitlines()
    assert said[2].startswith("| run | forward | 1.0000 → ")
    assert said[3].startswith("| run | forward, faded | 1.0000 → 1.0000 | 0.0000 ± 0.0000 | ")
    assert said[4].startswith("| run | backward | 1.0000 → ")
    assert (tmp_path / "sheet-run-forward.png").exists()
    assert (tmp_path / "sheet-run-backward.png").exists()


def test_translations_of_unit_stand_beside_its_reconstructions(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = create("recipe/unit", UNIT.examples[0])
    run = trained(tmp_path, recipe, hold_out=5)
    assert tool.main([str(run)]) in (0, 1)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[1] for line in said[2:]] == [
        "forward",
        "forward, faded",
        "forward, reconstructed",
        "backward",
        "backward, faded",
        "backward, reconstructed",
    ]
    there, back = (load(run, name).generator for name in ("forward", "backward"))
    images = torch.rand(2, 3, 8, 8)
    expected = back.decoder(there.encoder(images).mean)
    assert torch.equal(tool.reconstructed(run, "forward", images), expected.detach())


def test_a_run_that_held_nothing_out_is_refused(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main([str(trained(tmp_path, cyclegan()))]) == 2
    assert "held no images out; train with --hold-out N on two domains" in capsys.readouterr().err
