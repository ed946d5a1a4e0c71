"""The sample grids of translators that learn from pairs."""

import pytest
import torch
from translators import Doubled, between_images, know_translators

from gancore.runs.folder import RunFolder
from gancore.training import sample_grids


@pytest.mark.parametrize("channels", [1, 3])
def test_source_translation_and_target_stand_side_by_side(channels, tmp_path, monkeypatch):
    know_translators()
    written = {}
    monkeypatch.setattr(
        sample_grids, "save_grid", lambda images, path, **told: written.update(told, images=images)
    )
    pipeline = between_images(Doubled(image=(channels, 16, 16)), reads="source", makes="target")
    for part in pipeline.parts.values():
        part.bind(seed=0)
    rng = torch.Generator().manual_seed(0)
    source = torch.rand(8, channels, 8, 8, generator=rng) * 2 - 1
    target = torch.rand(8, 3, 16, 16, generator=rng) * 2 - 1
    fixed = {"source": source, "target": target}
    (path,) = sample_grids.write_grids({"": pipeline}, fixed, RunFolder(tmp_path), 16, seed=5, paired=True)
    assert path.name == "00000016.png" and written["columns"] == 9
    assert written["captions"].columns == ("source", "made of it", "target") * 3
    assert written["images"].shape == (18, 3, 16, 16), "6 of 8 pairs, three in a row"
    shown = written["images"].unflatten(0, (6, 3))
    assert torch.equal(shown[:, 2], target[:6])
    assert torch.equal(shown[:, 0, :, ::2, ::2], source[:6].expand(-1, 3, -1, -1))
    made = torch.cat(list(pipeline.apply(source[:6], seed=5)))
    assert torch.equal(shown[:, 1], made.expand(-1, 3, -1, -1))
    sample_grids.write_grids({"": pipeline}, fixed, RunFolder(tmp_path), 16, seed=5)
    assert written["captions"].columns == ("image", "made of it") * 4
