"""Opens images from any supported source."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch

from gancore.data.arrays import ArraySource, DatasetSource, as_array, content_hash, find_low, value_note
from gancore.data.crops import read_crops
from gancore.data.data import Images
from gancore.data.decode import OTHER_PICTURES, SUFFIXES, picture_suffix
from gancore.data.files import FolderFiles, OneFile, ZipFiles
from gancore.data.halves import Half
from gancore.data.idx import find_idx, is_idx, labels_beside, read_idx
from gancore.data.jitter import jittered
from gancore.data.labels import Labels, as_labels, json_labels, read_bytes
from gancore.data.options import ImageOptions
from gancore.data.packing import Packed, Progress, pack, refuse_unreadable
from gancore.data.pictures import Pictures
from gancore.data.pixels import AnyPixels, Pixels
from gancore.data.source import Source
from gancore.data.vectors import names_beside, one_array, vector_labels
from gancore.errors import DataError
from gancore.progress import tell

EMBEDDED = Path(__file__).parent / "embedded" / "emoji-32.zip"
EXPECTED = (
    "expected a folder or zip of images, an image file, an IDX or .npy file, an array, a tensor, a dataset, "
    "or 'emoji'"
)

ARCHIVES = frozenset({".tar", ".tgz", ".tbz", ".txz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar"})


def open_data(
    source: Any,
    options: ImageOptions | None = None,
    *,
    labels: Any = None,
    on_progress: Progress | None = None,
    **changes: Any,
) -> Images:
    """Opens the images of a folder, zip, IDX or .npy file, array, tensor, torch dataset, or the embedded
    "emoji".

    `changes` are fields of `ImageOptions` that override `options`. `labels` is a value of
    `ImageOptions.labels`, or the labels themselves. `on_progress(done, total)` is called while images are
    decoded.

    Raises:
        DataError: the source does not exist or is empty, has unreadable images and these are refused, has
        images of different shapes, or labels that do not match.
    """
    if isinstance(labels, (str, Path)):
        changes["labels"], labels = str(labels), None
    options = changed(options or ImageOptions(), changes)
    opened, found = find(source, options)
    on_progress = on_progress or partial(tell, f"reading {opened.title}")
    if labels is None and options.labels in ("auto", "none") and isinstance(opened, ArraySource):
        opened.refuse_single()
    try:
        return assemble(opened, found, options, labels, on_progress)
    finally:
        opened.close()


def changed(options: ImageOptions, changes: dict[str, Any]) -> ImageOptions:
    """The options with some fields changed. Raises DataError for an unknown one."""
    known = [field.name for field in attrs.fields(ImageOptions)]
    unknown = sorted(set(changes) - set(known))
    if unknown:
        raise DataError(f"unknown image option {', '.join(unknown)}; expected {', '.join(known)}")
    return attrs.evolve(options, **changes)


Found = Callable[[], Labels | None]


def find(source: Any, options: ImageOptions) -> tuple[Source, Found]:
    """The source, and how to find the labels that come with it."""
    if isinstance(source, str) and source == "emoji":
        return _pictures(Pictures(ZipFiles(EMBEDDED), "embedded emoji (Google Noto, Apache-2.0)"), options)
    if isinstance(source, str) and not source:  # as of a variable that is not set in the shell
        raise DataError(f"the name of the data is empty; {EXPECTED}")
    if isinstance(source, (str, Path)):
        return _find_path(Path(source).expanduser(), options)
    if isinstance(source, (np.ndarray, torch.Tensor)):
        layout = "NCHW" if isinstance(source, torch.Tensor) and options.layout == "auto" else None
        return ArraySource(
            as_array(source), "array" if layout is None else "tensor", options, layout
        ), lambda: None
    if hasattr(source, "__getitem__") and not isinstance(source, (dict, bytes)):
        return DatasetSource(source, f"dataset {type(source).__name__}", options), lambda: None
    raise DataError(f"data are a {type(source).__name__}; {EXPECTED}")


def _find_path(path: Path, options: ImageOptions) -> tuple[Source, Found]:
    if not path.exists():
        raise DataError(f"{path} is not there; {EXPECTED}")
    if path.is_dir():
        images = find_idx(path, options.subset)
        if images is not None:
            return _idx(images, options)
    if options.subset is not None:
        raise DataError(
            f"subset={options.subset!r} with {path}; expected a folder of IDX files; "
            "leave subset out, or give the folder itself"
        )
    if path.is_dir():
        return _pictures(Pictures(FolderFiles(path)), options)
    if not path.is_file():
        raise DataError(f"{path} is no regular file; {EXPECTED}")
    if path.suffix.lower() == ".zip":
        return _pictures(Pictures(ZipFiles(path)), options)
    if picture_suffix(path.name) in SUFFIXES | OTHER_PICTURES:
        return _pictures(Pictures(OneFile(path)), options)
    if path.suffix.lower() == ".npy":
        return ArraySource(_read_npy(path), str(path), options), lambda: None
    if is_idx(path):
        return _idx(path, options)
    raise DataError(f"{path} is of no known kind; {_instead(path)}{EXPECTED}")


def _instead(path: Path) -> str:
    if path.suffix.lower() in ARCHIVES:
        return "unpack it and give the folder; "
    return "save one of its arrays with numpy.save; " if path.suffix.lower() == ".npz" else ""


def _pictures(source: Pictures, options: ImageOptions) -> tuple[Source, Found]:
    return source, lambda: source.labels(options.labels)


def _idx(path: Path, options: ImageOptions) -> tuple[Source, Found]:
    beside = labels_beside(path)
    return ArraySource(_several(read_idx(path)), f"IDX {path}", options, "NCHW"), lambda: _beside_labels(
        beside
    )


def _several(images: Any) -> Any:
    """Images of an IDX file with an axis of channels, since its first axis always counts them."""
    return images[:, None] if images.ndim == 3 else images


def _beside_labels(path: Path | None) -> Labels | None:
    if path is None:
        return None
    values = read_idx(path)
    return as_labels(values, len(values), str(path))


def _read_npy(path: Path) -> Any:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    # A damaged header makes numpy throw SyntaxError, tokenize errors, UnicodeDecodeError and more, besides
    # ValueError and OSError.
    except Exception as error:
        raise DataError(f"{path} cannot be read ({error}); expected a whole .npy file of numbers") from error
    return one_array(found, str(path))


def find_labels(source: Source, found: Found, options: ImageOptions, given: Any) -> Labels | None:
    """One label for every image of the source, readable or not."""
    count = len(source)
    if given is not None:
        return as_labels(as_array(given), count, "labels")
    if options.labels == "none":
        return None
    if options.labels not in ("auto", "folders"):
        return _labels_file(Path(options.labels).expanduser(), source)
    if options.labels == "folders" and not isinstance(source, Pictures):
        raise DataError(
            f"labels='folders' with {source.title}; expected a folder or zip of images in class folders; "
            "give a file of labels"
        )
    labels = found()
    if labels is not None and len(labels.values) != count:
        raise DataError(
            f"{source.title} has {count} images but {len(labels.values)} labels beside it; "
            "expected one label an image, or labels='none'"
        )
    return labels


def _labels_file(path: Path, source: Source) -> Labels | None:
    kind = path.suffix.lower()
    if kind == ".json":
        return json_labels(read_bytes(path), source.names, str(path))
    if kind == ".npy" or is_idx(path):
        if not path.is_file():
            read_bytes(path)
        if kind == ".npy":
            beside = str(path.with_suffix(".txt"))
            return vector_labels(_read_npy(path), names_beside(path), source.names, str(path), beside)
        return as_labels(read_idx(path), len(source), str(path))
    raise DataError(
        f"labels is {str(path)!r}; expected auto, folders, none, or a .json, .npy or IDX file of labels"
    )


def assemble(
    source: Source, found: Found, options: ImageOptions, given: Any, on_progress: Progress | None
) -> Images:
    """The images of a source, with the labels given, or those found; raises as `open_data`."""
    if options.jitter is not None and options.fit == "random":
        raise DataError("jitter and fit='random' both show pieces of images; give one of them")
    labels = find_labels(source, found, options, given)
    notes = list(source.notes)
    if isinstance(source, ArraySource) and source.ready and options.fit != "random":
        pixels = Pixels(source.array, source.channels_last, source.low)
        return _images(source, pixels, source.names, labels, (), options, notes)
    if options.fit == "random":
        return _random_crops(source, labels, options, on_progress)
    return _packed(source, labels, options, on_progress)


def _packed(
    source: Source, labels: Labels | None, options: ImageOptions, on_progress: Progress | None
) -> Images:
    packed = pack(source, options, on_progress)
    low, told = _lowest(source, packed)
    return _images(
        source,
        Pixels(packed.pixels, low=low, sha256=packed.sha256),
        [source.names[index] for index in packed.kept],
        _labels_of_kept(source, labels, packed),
        packed.skipped,
        packed.options,
        [*_fitted(packed.options, source), *source.notes, *packed.notes, *told],
    )


def _lowest(source: Source, packed: Packed) -> tuple[float, list[str]]:
    """The number that becomes -1, with a note where it was found in the values; 0 if they are not floats."""
    whole = source.whole if isinstance(source, Half) else source
    if packed.pixels.dtype.kind != "f":
        return 0.0, []
    if isinstance(whole, ArraySource):
        return whole.low, []
    low = find_low(packed.pixels, packed.options.values, source.title)
    return low, [value_note(low)]


def _labels_of_kept(source: Source, labels: Labels | None, packed: Packed) -> Labels | None:
    """The labels of the images that were kept: those given or found, or those that the dataset gave."""
    if labels is not None:
        return labels.take(packed.kept)
    if not isinstance(source, DatasetSource) or packed.options.labels != "auto":
        return None
    values = source.labels([int(index) for index in packed.kept])
    return (
        None if values is None else as_labels(_stacked(values, source.title), len(packed.kept), source.title)
    )


def _random_crops(
    source: Source, labels: Labels | None, options: ImageOptions, on_progress: Progress | None
) -> Images:
    found = read_crops(source, options, on_progress)
    refuse_unreadable(source, found.skipped, options)
    return _images(
        source,
        found.pixels,
        [source.names[index] for index in found.kept],
        None if labels is None else labels.take(found.kept),
        [(source.names[index], reason) for index, reason in found.skipped],
        found.options,
        [*_fitted(found.options, source), *source.notes, *found.notes],
    )


def _stacked(values: list[Any], title: str) -> Any:
    try:
        return np.stack(values)
    except ValueError as error:
        raise DataError(
            f"{title} has labels of different lengths; "
            "expected whole numbers from 0, or a row of K numbers an image"
        ) from error


def _fitted(options: ImageOptions, source: Source) -> list[str]:
    """How the images were processed, for the description."""
    said = []
    if options.size is not None:
        how = {
            "crop": "center-cropped and resized",
            "pad": "resized and padded",
            "stretch": "stretched",
            "random": "cropped at random",
        }[options.fit]
        said.append(f"{how} to {options.size[0]}×{options.size[1]} where they were not")
    if isinstance(source.whole if isinstance(source, Half) else source, Pictures):
        said.append("alpha kept" if options.keeps_alpha else f"alpha on {options.alpha}")
    return said


def _images(
    source: Source,
    pixels: AnyPixels,
    names: list[str],
    labels: Labels | None,
    skipped: Any,
    options: ImageOptions,
    notes: list[str],
) -> Images:
    key = json.dumps(options.pixel_key(), sort_keys=True)
    shown = pixels if options.jitter is None else jittered(pixels, options.jitter)
    jitter = (
        [] if options.jitter is None else [f"in training pieces of them enlarged {options.jitter:g} times"]
    )
    notes = [*notes, *jitter]
    origin = source.title + (f" ({', '.join(notes)})" if notes else "")

    def older() -> str:
        if isinstance(source, Pictures):
            return f"{source.older_digest()} {key}"
        if not isinstance(pixels, Pixels):  # earlier versions had no random crops
            return pixels.identity
        return f"{content_hash(pixels.array, pixels.channels_last, pixels.low)} {key}"

    return Images(
        shown,
        names,
        labels=labels,
        skipped=tuple(skipped),
        mirror=options.mirror,
        origin=origin,
        older=older,
    )
