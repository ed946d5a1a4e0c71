"""The second stage that translates: what its transformer sees, and what it learns."""

import pytest
import torch
from gancore_vqgan import CodeTranslation, DrawnCodes

from gancore.errors import FitError
from gancore.pipeline import Pipeline
from gancore.testing.stage import drive, start

NETWORK = {"part": "vq-vae", "width": 4, "blocks": 1}
ENCODER = {"part": "quantized", "network": NETWORK, "quantizer": {"part": "vector", "size": 6}}
OPTIONS = {
    "generator": {**NETWORK, "vector": 3},
    "encoder": ENCODER,
    "condition": {**ENCODER, "code_shape": (3, 2, 2)},
    "sampler": {"layers": 2, "heads": 2, "width": 8, "deviation": 0.5},
    "source": (2, 8, 8),
    "image": (3, 8, 12),
}


def drawn():
    return CodeTranslation(**OPTIONS).drawn.eval()


def test_a_sequence_begins_with_all_indices_of_the_source():
    part, condition = drawn(), torch.randint(6, (2, 2, 2))
    begin = part.begin(condition)
    assert begin.shape == (2, 4, 8) and torch.equal(begin[1, 3], part.table.weight[condition[1, 1, 1]])
    assert part.sampler.stack.positions.shape == (1, 4 + 6 - 1, 8)


def test_every_index_of_the_source_changes_all_that_follow():
    part, codes = drawn(), torch.randint(6, (1, 6), generator=torch.Generator().manual_seed(0))
    condition = torch.zeros(1, 2, 2, dtype=torch.int64)
    before = part.sampler.logits_after(part.begin(condition), codes)
    assert before.shape == (1, 6, 6)
    for place in range(4):
        other = condition.clone()
        other.view(-1)[place] = 1
        after = part.sampler.logits_after(part.begin(other), codes)
        assert ((after - before).abs().amax(-1) > 1e-5).all()
    later = codes.clone()
    later[0, 3] = (codes[0, 3] + 1) % 6
    after = part.sampler.logits_after(part.begin(condition), later)
    changed = (after - before).abs().amax(-1)[0] > 1e-6
    assert changed.tolist() == [False] * 4 + [True] * 2


def test_what_is_drawn_one_by_one_is_what_one_pass_says():
    part = drawn()
    begin, noise = part.begin(torch.randint(6, (3, 2, 2))), torch.rand(3, 2, 3)
    made = part.sampler.latents_after(begin, noise)
    logits = part.sampler.logits_after(begin, made.flatten(1))
    again = torch.stack([part.sampler.pick(logits[:, i], noise.flatten(1)[:, i]) for i in range(6)], 1)
    assert torch.equal(again.view_as(made), made)


def test_the_pipeline_translates_and_is_saved(tmp_path):
    recipe = CodeTranslation(**OPTIONS)
    drive(start(recipe), 1)
    pipeline, source = recipe.pipelines()["image"], torch.rand(5, 2, 8, 8) * 2 - 1
    assert pipeline.product == "translates" and isinstance(pipeline.conditioner, DrawnCodes)
    made = pipeline.render(source, seed=1)
    assert made.shape == (5, 3, 8, 12) and torch.equal(made, pipeline.render(source, seed=1))
    assert not torch.equal(made, pipeline.render(source, seed=2))
    pipeline.save(tmp_path / "saved")
    assert torch.allclose(Pipeline.load(tmp_path / "saved").render(source, seed=1), made, atol=1e-5)


def test_it_learns_indices_that_follow_from_the_source():
    """The target has the index of the source at its place: the cost falls far below log 6."""
    recipe = CodeTranslation(**{**OPTIONS, "image": (3, 8, 8)})
    optimizer = torch.optim.Adam([p for p in recipe.drawn.parameters() if p.requires_grad], lr=0.02)
    rng = torch.Generator().manual_seed(0)
    for _ in range(150):
        codes = torch.randint(6, (32, 2, 2), generator=rng)
        (cost,) = recipe.drawn.terms(codes, codes).values()
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    assert cost.item() < 0.3


def test_first_stages_stay_and_others_are_refused():
    recipe = CodeTranslation(**OPTIONS)
    before = {name: value.clone() for name, value in recipe.condition.state_dict().items()}
    drive(start(recipe), 2)
    assert all(torch.equal(before[name], value) for name, value in recipe.condition.state_dict().items())
    assert recipe.sampler.training and not recipe.condition.training
    other = {**OPTIONS["condition"], "quantizer": {"part": "vector", "size": 7}}
    with pytest.raises(FitError, match="was trained over the first stage"):
        CodeTranslation(**{**OPTIONS, "sampler": recipe.sampler, "condition": other})
