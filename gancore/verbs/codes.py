"""Codes of images, with what can be asked of them: which are near, and which belong together."""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import attrs
import numpy as np
import torch
from torch import Tensor

from gancore.component.randomness import fold
from gancore.data import Data
from gancore.errors import UserError
from gancore.measure.clusters import k_means, purity
from gancore.measure.neighbors import nearest
from gancore.pictures.codes_page import Row, codes_page
from gancore.pictures.store import store
from gancore.storage.files import whole_file, write_text
from gancore.verbs.outputs import check_file

SHOWN = 8
"""Images in a row of the page."""
ROWS = 16
"""Images whose neighbors the page shows, at most."""
CLUSTERS = 8
"""Clusters on the page, at most."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Codes:
    """The codes of images, in the order of the data.

    Attributes:
        codes: `(N, *code)`: float32, or int64 where the encoder gives indices.
        data: the images that were encoded.
        entry: the entry of a row of the data with the image.
        names: file names, if the images come from files.
        path: where the codes were written, if at all.
    """

    codes: Tensor
    data: Data
    entry: str = "image"
    names: tuple[str, ...] = ()
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.codes.shape[1:])) or "1"
        return f"<{len(self)} codes {shape}{f' in {self.path}' if self.path else ''}>"

    def images(self, indices: Sequence[int]) -> Tensor:
        """Some of the images, `(n, C, H, W)` in [-1, 1]."""
        return self.data.rows(np.asarray(indices, dtype=np.int64))[self.entry]

    @property
    def rows(self) -> Tensor:
        """The codes as rows of numbers `(N, D)`. Raises UserError if they are indices."""
        if not self.codes.is_floating_point():
            raise UserError(
                "these codes are indices, between which there is no distance; "
                "look the vectors up in the codebook of the pipeline first"
            )
        return self.codes.flatten(1)

    def nearest(self, k: int = SHOWN - 1) -> tuple[Tensor, Tensor]:
        """The `k` other images whose codes are nearest to that of each image, nearest first: Euclidean
        distances `(N, k)` float64 and indices `(N, k)`.

        Raises:
            UserError: the codes are indices. MeasureError: there are no `k` other images.
        """
        return nearest(self.rows, self.rows, k, apart=True)

    def clusters(self, count: int, *, seed: int = 0) -> Tensor:
        """The cluster of each image by k-means of the codes: `(N,)` int64 from 0, the largest cluster first.

        Raises:
            UserError: the codes are indices. MeasureError: there are fewer different codes than clusters.
        """
        return k_means(self.rows, count, rng=torch.Generator().manual_seed(fold(seed, "clusters")))[0]

    @property
    def labels(self) -> Tensor | None:
        """The class of each image, `(N,)` int64, if the data came with classes."""
        labels = self.data.labels
        return torch.from_numpy(labels) if labels is not None and labels.ndim == 1 else None

    def purity(self, count: int | None = None, *, seed: int = 0) -> float:
        """The fraction of images whose class is the most frequent one of their cluster, for `count` clusters;
        by default there are as many as classes.

        Raises:
            UserError: the classes of the images are not known, or the codes are indices. MeasureError: there
                are fewer different codes than clusters.
        """
        if self.labels is None:
            raise UserError(
                "the purity of clusters needs the classes of the images; "
                'encode them with labels, such as labels="folders" for a folder of one folder for each class'
            )
        return purity(self.clusters(count or self.data.classes, seed=seed), self.labels)

    def save(self, output: Path | str) -> Path:
        """Writes the codes to `FILE.npy` and, if there are any, the file names to `FILE.json`."""
        output = Path(output)
        check_codes(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        content = BytesIO()
        np.save(content, self.codes.numpy())
        with whole_file(output) as aside:
            aside.write_bytes(content.getvalue())
        if self.names:
            write_text(output.with_suffix(".json"), json.dumps(list(self.names), indent=1) + "\n")
        return output

    def save_page(self, output: Path | str, *, title: str = "Codes") -> Path:
        """Writes one HTML page with clusters of the images and with the nearest neighbors of some of them."""
        output = Path(output)
        check_file(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        page = codes_page(title, self.images, clusters=self._groups(), neighbors=self._neighbors())
        store(output, page.encode("utf-8", errors="replace"))
        return output

    def _groups(self) -> list[Row]:
        count = min(CLUSTERS, len(torch.unique(self.rows, dim=0)))
        cluster = self.clusters(count)
        members = [torch.nonzero(cluster == i)[:, 0].tolist() for i in range(count)]
        return [(self._described(found), found[:SHOWN]) for found in members if found]

    def _described(self, found: list[int]) -> str:
        """What a cluster is called: its size, and its most frequent class if classes are known."""
        size = f"{len(found)} images"
        if self.labels is None:
            return size
        counts = torch.bincount(self.labels[found])
        most = int(counts.argmax())
        return f"{size}, {int(counts[most]) / len(found):.0%} of them {self.data.class_names[most]}"

    def _neighbors(self) -> list[Row]:
        k = min(SHOWN - 1, len(self) - 1)
        found = self.nearest(k)[1] if k else torch.empty(len(self), 0, dtype=torch.int64)
        shown = np.linspace(0, len(self) - 1, min(ROWS, len(self))).astype(int).tolist()
        return [(self.names[i] if self.names else str(i), [i, *found[i].tolist()]) for i in shown]


def check_codes(output: Path) -> None:
    """Raises UserError if codes cannot be written there; called before any work."""
    if output.suffix != ".npy":
        raise UserError(f"codes are written as an array; give a name that ends in .npy, got {str(output)!r}")
    check_file(output)
    check_file(output.with_suffix(".json"))
