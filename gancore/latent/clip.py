"""Scores of images by a text, and vectors of texts, with a CLIP model; `pip install gancore[clip]` installs
`open_clip`.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gancore.errors import UserError

__all__ = ["ClipScorer", "clip_scorer", "text_vectors"]

MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
"""Of the pixels that CLIP was trained on, in [0, 1]."""


class ClipScorer:
    """The cosine similarity of image and text embeddings, averaged over texts: `(N, C, H, W)` in [-1, 1] →
    `(N,)`; differentiable.

    Paper: Radford et al. 2021 (CLIP), arXiv:2103.00020. `model` is an open_clip model, or anything with its
    `encode_image`, `encode_text` (both `(…, normalize=True)`) and `visual.image_size`; `text` are tokens `(T,
    …)`. Images are resized bicubically with antialiasing; gray is repeated, alpha is composited over white.
    The model's weights get no gradient, because `guide` asks only for that of the code.

    Raises:
        UserError: images have neither 1, 3 nor 4 channels.
    """

    def __init__(self, model: Any, text: Tensor) -> None:
        visual = model.visual
        size = visual.image_size
        self.model = model
        self.size = tuple(size) if isinstance(size, Sequence) else (int(size), int(size))
        self.mean = torch.tensor(getattr(visual, "image_mean", None) or MEAN).reshape(1, 3, 1, 1)
        self.deviation = torch.tensor(getattr(visual, "image_std", None) or DEVIATION).reshape(1, 3, 1, 1)
        model.eval()
        with torch.no_grad():
            self.text: Tensor = model.encode_text(text, normalize=True)

    def __call__(self, image: Tensor) -> Tensor:
        """`(N,)` in [-1, 1]."""
        pixels = interpolate(
            _colors(image.float() / 2 + 0.5), self.size, mode="bicubic", antialias=True, align_corners=False
        )
        pixels = (pixels - self.mean.to(pixels)) / self.deviation.to(pixels)
        scores: Tensor = (
            self.model.encode_image(pixels, normalize=True) @ self.text.to(pixels.device).t()
        ).mean(1)
        return scores


def clip_scorer(
    text: str | Sequence[str],
    model: str = "ViT-B-32",
    pretrained: str = "laion2b_s34b_b79k",
    *,
    device: str = "cpu",
) -> ClipScorer:
    """A scorer with a model that open_clip knows; downloads missing weights.

    Raises:
        UserError: open_clip is not installed, or does not know the model or its weights.
    """
    texts = [text] if isinstance(text, str) else list(text)
    made, tokens = _model(texts, model, pretrained, device, "scores by text")
    return ClipScorer(made, tokens)


def text_vectors(
    texts: Sequence[str],
    model: str = "ViT-B-32",
    pretrained: str = "laion2b_s34b_b79k",
    *,
    device: str = "cpu",
) -> Tensor:
    """Normalized embeddings of texts, `(N, K)` float32 on the CPU, as labels of images. Raises as
    `clip_scorer` does.
    """
    made, tokens = _model(list(texts), model, pretrained, device, "embeddings of texts")
    made.eval()
    with torch.no_grad():
        found: Tensor = made.encode_text(tokens, normalize=True)
    return found.float().cpu()


def _model(texts: list[str], model: str, pretrained: str, device: str, what: str) -> tuple[Any, Tensor]:
    try:
        library: Any = import_module("open_clip")
    except ImportError as error:
        raise UserError(f"{what} need open_clip ({error}); pip install 'gancore[clip]'") from None
    try:
        made, _, _ = library.create_model_and_transforms(model, pretrained=pretrained, device=device)
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(
            f"open_clip cannot make {model!r} with the weights {pretrained!r} ({error}); "
            "see open_clip.list_pretrained()"
        ) from None
    tokens: Tensor = library.get_tokenizer(model)(texts).to(device)
    return made, tokens


def _colors(image: Tensor) -> Tensor:
    """`(N, 1, 3 or 4, H, W)` in [0, 1] as RGB."""
    channels = image.shape[1]
    if channels == 4:
        return image[:, :3] * image[:, 3:] + 1 - image[:, 3:]
    if channels not in (1, 3):
        raise UserError(f"CLIP reads RGB, gray or RGBA images; these have {channels} channels")
    return image.expand(-1, 3, -1, -1)
