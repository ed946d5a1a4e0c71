"""The published weights of the Inception network: found locally or downloaded once, and verified by hash."""

import http.client
import shutil
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from gancore.data import ImageOptions
from gancore.errors import MeasureError
from gancore.storage.files import sha256, whole_file

FILE = "weights-inception-2015-12-05-6726825d.pth"
URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{FILE}"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
PATIENCE_SECONDS = 30
ADVICE = (
    f"download {URL} on a machine with a network and put it into $GANCORE_CACHE/weights (or give it to "
    "gancore evaluate as --weights FILE), "
    "or use another extractor"
)


def find(given: str) -> tuple[Path, str]:
    """The file of the weights, and a mark for unpublished ones: the start of the hash of a `.safetensors`
    file.

    Raises:
        MeasureError: there is no such file, its hash is not that of the published weights, or it cannot be
        downloaded.
    """
    path = Path(given).expanduser() if given else _kept()
    if not path.is_file():
        raise MeasureError(f"the weights {path} do not exist; {ADVICE}")
    found = sha256(path.resolve())
    if path.suffix == ".safetensors":
        return path, found[:8]
    if found != SHA256:
        raise MeasureError(
            f"{path} has the SHA-256 {found}; the published weights have {SHA256}; remove it, and {ADVICE}"
        )
    return path, ""


def read(path: Path, network: nn.Module) -> None:
    """Copies the weights of a file into the network. Raises MeasureError if it is damaged or of another
    network.
    """
    try:
        state = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        )
    except (OSError, SafetensorError, RuntimeError, UnpicklingError, EOFError, ValueError) as error:
        raise MeasureError(
            f"{path} cannot be read as weights ({str(error).partition(chr(10))[0]}); {ADVICE}"
        ) from None
    _take(path, network, state)


def _take(path: Path, network: nn.Module, state: Mapping[str, Tensor]) -> None:
    mine = network.state_dict()
    # used only in training, and missing in the files
    wanted = [name for name in mine if not name.endswith("num_batches_tracked")]
    wrong = [
        name
        for name in wanted
        if not isinstance(state.get(name), Tensor) or state[name].shape != mine[name].shape
    ]
    if wrong:
        raise MeasureError(
            f"{path} does not hold weights of the Inception network of 2015: "
            f"{wrong[0]} is missing or of another shape; {ADVICE}"
        )
    network.load_state_dict({name: state[name] for name in wanted}, strict=False)


def _kept() -> Path:
    """The weights in the cache, downloaded if missing."""
    folder = ImageOptions().cache_folder()
    assert folder is not None
    path = folder / "weights" / FILE
    if not path.is_file():
        _download(path)
    return path


def _download(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as aside:
            with urllib.request.urlopen(URL, timeout=PATIENCE_SECONDS) as answer, aside.open("wb") as file:
                shutil.copyfileobj(answer, file)
            _ensure_published(aside)
    except (OSError, http.client.HTTPException) as error:
        raise MeasureError(
            f"the weights of inception-2015 cannot be downloaded to {path} ({error}); {ADVICE}"
        ) from None


def _ensure_published(path: Path) -> None:
    found = sha256(path.resolve())
    if found != SHA256:
        raise MeasureError(
            f"{URL} gave a file with the SHA-256 {found}; the published weights have {SHA256}; "
            f"try again later, or {ADVICE}"
        )
