"""What the shipped weights can do, computed anew; and that the tools that made them do the same thing
twice.
"""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gancore.data import open_data
from gancore.measure.extractors import Emoji, Fashion
from gancore.measure.extractors.emoji import EmojiNetwork
from gancore.measure.frechet import frechet_distance
from gancore.measure.moments import Moments

ROOT = Path(__file__).parents[2]
EMOJI = ROOT.parent / "shared" / "data" / "emoji"
FASHION = os.environ.get("GANCORE_FASHION_MNIST", "")


def load_tool(name):
    if str(ROOT / "tools") not in sys.path:
        sys.path.append(str(ROOT / "tools"))
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool():
    return load_tool("train_emoji_extractor")


@pytest.fixture(scope="module")
def drawings(tool, tmp_path_factory):
    if not EMOJI.exists():
        pytest.skip(f"{EMOJI} is not there")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANCORE_CACHE", str(tmp_path_factory.mktemp("cache")))
        return tool.read(EMOJI / "google-64.zip", EMOJI / "twitter-64.zip")


def test_families_are_held_out_whole(tool):
    one = {"1f468-200d-1f33e.png", "1f469-200d-1f33e.png", "1f9d1-200d-1f33e.png", "1f33e.png"}
    assert {tool.family(name) for name in one} == {"1f33e"}
    assert tool.family("1f6b6-200d-2640-fe0f-200d-27a1-fe0f.png") == tool.family("1f6b6.png") == "1f6b6"
    assert tool.family("1f468-200d-1f469-200d-1f466.png") == tool.family("1f9d1.png") == "people"
    assert tool.family("1f550.png") == tool.family("1f567.png") == "clock"
    assert tool.family("1f1e9-1f1ea.png") == "1f1e9-1f1ea"
    names = open_data("emoji").names
    out = {tool.family(name) for name in names if tool.held_out(name)}
    assert not out & {tool.family(name) for name in names if not tool.held_out(name)}
    assert sum(map(tool.held_out, names)) == 301


@pytest.mark.slow
def test_the_other_vendors_drawing_is_found(tool, drawings, capsys):
    known, out = drawings
    assert (len(known.label), len(out.label)) == (1427, 301)
    found = tool.evaluate(out)
    with capsys.disabled():
        shown = {name: (round(first[0], 3), round(fifth[0], 3)) for name, (first, fifth) in found.items()}
        print("\nrecall@1, @5 of 301 held-out emoji, Google → Twitter:", shown)
    first = {name: recall[0][0] for name, recall in found.items()}
    assert first["emoji-1"] > first["pixels-1"] + 0.15
    assert first["emoji-1"] > first["untrained"] + 0.25
    assert found["emoji-1"][0][1] > found["pixels-1"][0][1] + 0.1


def test_recall_counts_what_is_nearer(tool):
    pairs = tool.Pairs(torch.tensor([[[0.0], [1.0], [2.0]], [[0.9], [1.0], [2.1]]]), torch.zeros(3))
    assert tool.recall(lambda x: x, pairs, 1) == (1.0, pytest.approx(2 / 3))
    assert tool.recall(lambda x: x, pairs, 2) == (1.0, 1.0)


@pytest.mark.slow
def test_categories_of_embedded_emoji_are_told_apart():
    data = open_data("emoji")
    extractor = Emoji(image=data.image)
    with torch.no_grad():
        found = extractor.classify(extractor(data.rows(np.arange(len(data)))["image"])).argmax(1)
    right = (found == torch.from_numpy(np.asarray(data.labels))).double()
    assert right.mean() > 0.7
    assert torch.bincount(found, minlength=9).min() > 30


def noise(image):
    return torch.randn(image.shape, generator=torch.Generator().manual_seed(0))


def blurred(image, factor):
    return F.interpolate(F.interpolate(image, scale_factor=1 / factor, mode="area"), 32, mode="bilinear")


WORSE = {
    "noise": lambda image, amount: (image + 0.5 * amount * noise(image)).clamp(-1, 1),
    "blur": lambda image, amount: blurred(image, 1 + amount),
    "patches": lambda image, amount: torch.where(torch.arange(32) < 10 * amount, image.roll(1, 0), image),
    "color": lambda image, amount: image + 0.4 * amount * torch.tensor([1, -1, 0.5])[:, None, None],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", WORSE)
def test_the_frechet_distance_rises_with_the_damage(kind):
    image = open_data("emoji").rows(np.arange(0, 1728, 3))["image"]
    extractor = Emoji(image=(3, 32, 32))
    with torch.no_grad():
        several = [Moments.of(extractor(WORSE[kind](image, amount))) for amount in (0, 0.5, 2)]
    distances = [frechet_distance(several[0], other) for other in several]
    assert distances[0] < 1e-3 and distances == sorted(distances), distances
    assert distances[-1] > 5, distances


def test_training_twice_gives_the_same_weights(tool, drawings):
    few = tool.Pairs(drawings[0].drawings[:, :24], drawings[0].label[:24])
    one, other = (tool.train(few, 2).state_dict() for _ in range(2))
    assert set(one) == set(EmojiNetwork().state_dict())
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_folding_a_batch_norm_changes_nothing():
    tools = load_tool("small_training")
    network = tools.with_norms(EmojiNetwork())
    image = torch.rand(8, 3, 32, 32)
    for _ in range(3):
        network(image)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
        before = network.eval()(image)
        after = tools.fold_norms(network)(image)
    assert not [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d)]
    assert torch.allclose(after, before, atol=1e-3)


@pytest.mark.skipif(not FASHION, reason="GANCORE_FASHION_MNIST names no folder of Fashion-MNIST's IDX files")
def test_fashion_is_told_apart(capsys):
    found = load_tool("train_fashion_extractor").evaluate(Path(FASHION))
    with capsys.disabled():
        print("\naccuracy on 10,000 test images:", found)
    assert min(found.values()) >= 0.91


def test_fashion_keeps_its_weights_in_every_seat():
    one, other = Fashion(image=(1, 28, 28)), Fashion(image=(1, 64, 64))
    image = torch.rand(4, 1, 28, 28) * 2 - 1
    assert torch.equal(one(image), other(image))
