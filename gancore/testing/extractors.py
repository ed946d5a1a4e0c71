"""Checks of extractors."""

from copy import deepcopy

import torch
from torch import Tensor

from gancore.component.interfaces import Extractor
from gancore.errors import UserError
from gancore.testing.assertions import ensure_shape, untouched
from gancore.testing.check import check, ensure
from gancore.testing.trial import Trial

BEYOND = 1.5
"""Untrained generators exceed [-1, 1]; extractors must accept such images."""


def _tells_classes(part: Extractor) -> str:
    return "" if part.classes else "it does not classify"


def _features(trial: Trial[Extractor], image: Tensor | None = None) -> Tensor:
    with torch.no_grad():
        made: Tensor = trial.part(_images(trial) if image is None else image)
    return made


def _images(trial: Trial[Extractor], n: int | None = None) -> Tensor:
    return trial.images(n or trial.n, *trial.part.image)


def _ensure_alike(found: Tensor, expected: Tensor, text: str) -> None:
    ensure_shape(found, expected.shape, "a batch of features")
    scale, worst = float(expected.abs().max()), float((found - expected).abs().max())
    ensure(worst <= 1e-4 * max(scale, 1e-3), f"{text} (off by {worst:.2g} where features reach {scale:.2g})")


@check(Extractor, trials=2)
def makes_features(trial: Trial[Extractor]) -> None:
    """Features are finite float32 `(N, D)`; images beyond [-1, 1] and a batch of one are accepted, and D does
    not change.
    """
    several = {
        "images": _images(trial),
        "images beyond [-1, 1]": _images(trial) * BEYOND,
        "one image": _images(trial, 1),
    }
    made = {what: _features(trial, image) for what, image in several.items()}
    ensure(made["images"].dim() == 2, f"features are {tuple(made['images'].shape)}, expected (N, D)")
    for what, features in made.items():
        ensure_shape(features, (len(several[what]), made["images"].shape[1]), f"features of {what}")
        ensure(
            features.dtype == torch.float32,
            f"features of {what} are {features.dtype}, expected torch.float32",
        )
        ensure(features.isfinite().all().item(), f"features of {what} are not finite")


@check(Extractor, trials=2)
def rows_are_apart(trial: Trial[Extractor]) -> None:
    """Features of image i depend only on image i, in training mode too."""
    image = _images(trial, 3)
    for mode in ("training", "eval"):
        trial.part.train(mode == "training")
        whole = _features(trial, image)
        others = image.clone()
        others[1:] = others[1:] * -0.5 + 0.2
        text = (
            f"in {mode} mode the features of an image depend on the others of its batch; keep "
            "batch norms in eval mode"
        )
        _ensure_alike(_features(trial, others)[:1], whole[:1], text)
        _ensure_alike(_features(trial, image[1:2]), whole[1:2], text)


@check(Extractor, trials=2)
def repeats_itself(trial: Trial[Extractor]) -> None:
    """Equal images give bit-identical features, also in a copy; nothing is drawn at random, and no image is
    changed.
    """
    image, before = _images(trial), torch.random.get_rng_state()
    kept, first = image.clone(), _features(trial, image)
    ensure(untouched(before), "it draws from the global generator; an extractor is a function of the image")
    ensure(torch.equal(image, kept), "it changes the images in place")
    ensure(
        torch.equal(_features(trial, image), first),
        "a second call gives different features of the same images",
    )
    with torch.no_grad():
        ensure(
            torch.equal(deepcopy(trial.part)(image), first),
            "a copy gives different features of the same images",
        )


def _gives_maps(part: Extractor) -> str:
    return "" if type(part).maps is not Extractor.maps else "it gives no maps"


@check(Extractor, trials=2, excuse=_gives_maps)
def gives_maps(trial: Trial[Extractor]) -> None:
    """If it gives maps, these are finite float32 `(N, C, H, W)`, and a finite gradient of each reaches the
    image, and no weight.
    """
    image = _images(trial).requires_grad_()
    maps = trial.part.maps(image)
    ensure(bool(maps), "`maps` gives an empty list")
    for i, made in enumerate(maps):
        fine = made.dim() == 4 and len(made) == trial.n and made.dtype == torch.float32
        ensure(fine, f"map {i} is {tuple(made.shape)} of {made.dtype}, expected (N, C, H, W) of float32")
        ensure(made.requires_grad, f"map {i} has no gradient in the image")
        (gradient,) = torch.autograd.grad(made.square().sum(), image, allow_unused=True, retain_graph=True)
        ensure(
            gradient is not None and bool(gradient.isfinite().all()) and bool(gradient.any()),
            f"no finite gradient of map {i} reaches the image",
        )
    trained = [name for name, p in trial.part.named_parameters() if p.requires_grad]
    ensure(not trained, f"its weights {', '.join(trained[:3])} are not frozen; call requires_grad_(False)")


@check(Extractor, trials=2)
def sees_the_image(trial: Trial[Extractor]) -> None:
    """Different images have different features."""
    flat = [torch.full((1, *trial.part.image), level) for level in (-0.8, 0.9)]
    features = _features(trial, torch.cat([*flat, _images(trial, 2)]))
    same = [(i, j) for i in range(len(features)) for j in range(i) if torch.equal(features[i], features[j])]
    ensure(not same, "different images have the same features")


@check(Extractor, trials=1)
def says_what_it_is(trial: Trial[Extractor]) -> None:
    """Its title has no spaces or brackets, since it is part of the names of scores, and does not change;
    `resizer` is not empty.
    """
    title = trial.part.title
    ensure(
        title and not set(title) & set(" []=\n"),
        f"its title is {title!r}; expected one word, as {trial.part.name}-{trial.part.version}",
    )
    ensure(trial.fresh(seed=1).title == title, "its title depends on the seed")
    ensure(trial.part.resizer.strip(), "`resizer` is empty; describe how images are resized, or say none")


@check(Extractor, trials=2, excuse=_tells_classes)
def classifies(trial: Trial[Extractor]) -> None:
    """If it classifies, `classify` turns features into finite float32 logits `(N, classes)`, row by row."""
    features = _features(trial)
    with torch.no_grad():
        logits = trial.part.classify(features)
        ensure_shape(logits, (trial.n, trial.part.classes), "a batch of logits")
        ensure(
            logits.dtype == torch.float32 and logits.isfinite().all().item(),
            f"logits are {logits.dtype}, or not finite",
        )
        _ensure_alike(
            trial.part.classify(features[:1]), logits[:1], "the logits of a row depend on the others"
        )


@check(Extractor, trials=1, excuse=lambda part: "it classifies" if part.classes else "")
def refuses_to_classify(trial: Trial[Extractor]) -> None:
    """If it does not classify, `classify` raises UserError."""
    try:
        trial.part.classify(_features(trial))
    except UserError:
        return
    ensure(
        False,
        "`classes` is 0, yet `classify` returns something; set the number of classes that it distinguishes",
    )
