"""Guidance by any differentiable scorer, by a classifier, and by a text."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
import walks
from small import SmallExtractor
from torch import nn

from gancore.errors import UserError
from gancore.latent.clip import ClipScorer, clip_scorer, text_vectors
from gancore.latent.codes import codes_of, render_codes
from gancore.latent.guidance import Guidance, class_scorer, guide, resembling
from gancore.latent.spaces import code_space
from gancore.measure.extractors.pixels import Pixels


def red(image):
    """How red images are."""
    return (image[:, 0] - image[:, 1:].mean(1)).flatten(1).mean(1)


@pytest.mark.parametrize(
    ("kind", "space"),
    [
        ("plain", "z"),
        ("layered", "z"),
        ("layered", "w"),
        ("layered", "w+"),
        ("labeled", "z"),
        ("labeled", "w"),
    ],
)
def test_scores_rise_and_points_stay_within_reach(kind, space):
    pipeline = getattr(walks, kind)()
    found = guide(pipeline, red, Guidance(steps=60), count=5, space=space, seed=3)
    assert found.scores.shape == (61, 5) and bool((found.scores[-1] > found.scores[0] + 0.01).all())
    torch.testing.assert_close(red(found.image), found.scores[-1], atol=1e-5, rtol=1e-4)
    where = code_space(pipeline, space, seed=3)
    latent, label = pipeline.draw(5, seed=3, label=None if where.label is None else where.label.expand(5))
    start = latent if space == "z" else codes_of(pipeline, latent, label)
    point = found.latent if space == "z" else found.code
    farthest = where.length(start - where.mean).clamp_min(where.usual)
    assert bool((where.length(point - where.mean) <= farthest + 1e-3).all())
    torch.testing.assert_close(
        red(render_codes(pipeline, codes_of(pipeline, latent, label), seed=3)),
        found.scores[0],
        atol=1e-5,
        rtol=1e-4,
    )


def test_a_longer_reach_leads_higher():
    near, far = (
        float(guide(walks.plain(), red, Guidance(steps=80, reach=reach, lr=0.1)).scores[-1].mean())
        for reach in (0.5, 5.0)
    )
    assert far > near + 0.05


def test_in_w_all_layers_stay_alike_and_in_w_plus_they_differ():
    for space, alike in (("w", True), ("w+", False)):
        code = guide(
            walks.layered(), lambda image: red(image[:, :, :2]), Guidance(steps=5), count=2, space=space
        ).code
        assert torch.equal(code, code[:, :1].expand_as(code)) is alike


def test_equal_seeds_lead_to_equal_codes_and_leave_nothing_behind():
    pipeline, before = walks.plain(noise=0.2), torch.get_rng_state()
    one, same, other = (guide(pipeline, red, Guidance(steps=3), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.code, same.code) and not torch.equal(one.code, other.code)
    assert torch.equal(torch.get_rng_state(), before) and all(
        p.grad is None for p in pipeline.generator.parameters()
    )
    torch.testing.assert_close(red(one.image), one.scores[-1], atol=1e-5, rtol=1e-4)


def test_a_classifier_leads_towards_its_class():
    judge = SmallExtractor(image=walks.IMAGE)
    found = guide(walks.plain(), class_scorer(judge, 1), Guidance(steps=60))
    assert bool((found.scores[-1] > found.scores[0]).all()) and bool((found.scores <= 0).all())
    torch.testing.assert_close(
        judge.classify(judge(found.image)).log_softmax(1)[:, 1], found.scores[-1], atol=1e-4, rtol=1e-4
    )


def test_points_begin_where_they_are_told_and_closeness_keeps_them_near():
    pipeline = walks.layered()
    start = codes_of(pipeline, *pipeline.draw(3, seed=9))
    away = {}
    for closeness in (0.0, 0.3):
        settings = Guidance(steps=30, reach=5.0, closeness=closeness)
        found = guide(pipeline, red, settings, space="w+", start=start)
        torch.testing.assert_close(red(render_codes(pipeline, start)), found.scores[0], atol=1e-5, rtol=1e-4)
        assert found.code.shape == start.shape and bool((found.scores[-1] > found.scores[0]).all())
        away[closeness] = (found.code - start).square().flatten(1).sum(1)
    assert bool((away[0.3] < 0.5 * away[0.0]).all())


def test_where_score_and_distance_balance():
    """d/dw [a·w - λ w²] = 0 at w = a / 2λ, for a score that is linear in the code."""
    pipeline = walks.plain()
    size = pipeline.generator.code_shape[0]
    slope = torch.linspace(-0.1, 0.1, size)
    pipeline.generator.forward = lambda code: (code @ slope)[:, None, None, None].expand(-1, 3, 1, 1)
    start = torch.zeros(2, size)
    settings = Guidance(steps=400, lr=0.02, reach=10.0, closeness=0.5)
    found = guide(pipeline, lambda image: image.mean((1, 2, 3)), settings, start=start)
    torch.testing.assert_close(found.code, slope.expand(2, -1), atol=5e-3, rtol=0)


def test_resembling_subtracts_how_features_turn_away():
    judge, image, made = SmallExtractor(image=(3, 8, 8)), torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    one, other = judge(image), judge(made)
    cosine = (one * other).sum(1) / (one.norm(dim=1) * other.norm(dim=1))
    expected = red(made) - 0.5 * (1 - cosine)
    torch.testing.assert_close(resembling(red, judge, image, weight=0.5)(made), expected)
    torch.testing.assert_close(resembling(red, judge, image, weight=0.5)(image), red(image))


class TinyClip(nn.Module):
    """The interface of open_clip's models: an image's mean color beside that of a word."""

    def __init__(self, size=12):
        super().__init__()
        self.visual = SimpleNamespace(image_size=size, image_mean=(0.5, 0.5, 0.5), image_std=(0.5, 0.5, 0.5))
        self.words = nn.Embedding.from_pretrained(torch.eye(3) * 2 - 1, freeze=False)
        self.seen = []

    def encode_text(self, text, normalize=False):
        found = self.words(text[:, 0])
        return nn.functional.normalize(found, dim=1) if normalize else found

    def encode_image(self, image, normalize=False):
        self.seen.append(image)
        found = image.mean((2, 3))
        return nn.functional.normalize(found, dim=1) if normalize else found


def tiny_library(monkeypatch):
    library = ModuleType("open_clip")
    library.create_model_and_transforms = lambda name, pretrained, device: (TinyClip(), None, None)
    library.get_tokenizer = lambda name: (
        lambda texts: torch.tensor([[("red", "green", "blue").index(text)] for text in texts])
    )
    monkeypatch.setitem(sys.modules, "open_clip", library)


def test_a_text_leads_towards_what_it_says(monkeypatch):
    tiny_library(monkeypatch)
    found = {
        word: guide(walks.plain(), clip_scorer(word), Guidance(steps=60, reach=3.0))
        for word in ("red", "blue")
    }
    colors = {word: one.image.mean((2, 3)).mean(0) for word, one in found.items()}
    assert colors["red"][0] - colors["red"][2] > colors["blue"][0] - colors["blue"][2] + 0.05
    assert all(bool((one.scores[-1] > one.scores[0]).all()) for one in found.values())
    both = clip_scorer(["red", "blue"])
    image = torch.rand(2, 3, 8, 8) * 2 - 1
    torch.testing.assert_close(both(image), (clip_scorer("red")(image) + clip_scorer("blue")(image)) / 2)


def test_images_are_brought_to_what_clip_reads():
    model = TinyClip(size=(12, 10))
    score = ClipScorer(model, torch.tensor([[0]]))
    pixels = torch.rand(2, 3, 8, 8) * 2 - 1
    clear = torch.cat([pixels, -torch.ones(2, 1, 8, 8)], 1)
    for image in (pixels, pixels[:, :1], clear):
        assert score(image).shape == (2,)
    color, gray, white = model.seen
    assert color.shape == (2, 3, 12, 10) and torch.equal(gray[:, 0], gray[:, 2])
    torch.testing.assert_close(white, torch.ones_like(white))
    with pytest.raises(UserError, match="CLIP reads RGB, gray or RGBA images; these have 2 channels"):
        score(pixels[:, :2])


def test_without_open_clip_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(UserError, match=r"scores by text need open_clip .*; pip install 'gancore\[clip\]'"):
        clip_scorer("a red shoe")


def test_a_model_that_open_clip_does_not_know(monkeypatch):
    tiny_library(monkeypatch)

    def refuse(name, pretrained, device):
        raise RuntimeError("Model config for ViT-Z not found.")

    sys.modules["open_clip"].create_model_and_transforms = refuse
    with pytest.raises(
        UserError,
        match=r"open_clip cannot make 'ViT-Z' with the weights 'x' \(Model config for ViT-Z not found.\)",
    ):
        clip_scorer("a", "ViT-Z", "x")


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (
            lambda: guide(walks.plain(), lambda image: image.mean()),
            r"a scorer gives one score for each of 8 images, \(8,\); got \(\)",
        ),
        (lambda: guide(walks.plain(), lambda image: 3.0), "got float"),
        (
            lambda: guide(walks.plain(), lambda image: image.detach().flatten(1).sum(1)),
            "leave out no_grad, detach and argmax",
        ),
        (lambda: guide(walks.plain(), lambda image: red(image) / 0), "a score is NaN or infinite"),
        (lambda: guide(walks.plain(), red, space="w"), "has no w besides z"),
        (lambda: guide(walks.plain(), red, label=0), "reads no labels"),
        (lambda: guide(walks.translator(), red), "translates images, so it has no latent space"),
        (
            lambda: guide(walks.layered(), red, space="w+", start=torch.zeros(2, 7)),
            r"points of w\+ are float32 \(N, .* got torch.float32 \(2, 7\): give latents for z",
        ),
        (
            lambda: guide(walks.plain(), red, start=torch.zeros(2, 4, dtype=torch.int64)),
            "got torch.int64",
        ),
        (lambda: Guidance(lr=float("inf")), "lr of guidance must be a finite number, at least 0; got inf"),
        (lambda: Guidance(steps=0), "guidance needs a whole number of steps, at least 1; got 0"),
        (
            lambda: class_scorer(SmallExtractor(image=walks.IMAGE), 2),
            "extractor/small has the classes 0 to 1; got class 2",
        ),
        (
            lambda: class_scorer(Pixels(image=walks.IMAGE), 0),
            "extractor/pixels is not a classifier; got class 0",
        ),
    ],
)
def test_what_cannot_guide_gets_a_clear_error(act, text):
    with pytest.raises(UserError, match=text):
        act()


def test_texts_become_vectors(monkeypatch):
    tiny_library(monkeypatch)
    found = text_vectors(["red", "blue", "red"])
    assert found.shape == (3, 3) and torch.equal(found[0], found[2]) and not torch.equal(found[0], found[1])
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    assert not found.requires_grad
