"""The variational autoencoders of a checkout of clementchadebec/benchmark_VAE (pythae), with the networks of
ours.

Nothing of it is part of the library: the folder is named on the command line. Its models, losses and estimate
of the likelihood are its own; encoder and decoder have the layers and the first weights of ours, and a step
is its trainer's: forward, backward, Adam.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

SOURCE = "https://github.com/clementchadebec/benchmark_VAE"


def modules(folder: Path, name: str) -> tuple[Any, Any, Any]:
    """A model's module, its configuration, and what networks derive from."""
    if not (folder / "src/pythae/models").is_dir():
        raise SystemExit(f"{folder} is no checkout of {SOURCE}; clone it and name its folder")
    if str(folder / "src") not in sys.path:
        sys.path.append(str(folder / "src"))
    try:
        config = importlib.import_module(f"pythae.models.{name}.{name}_config")
        return importlib.import_module(f"pythae.models.{name}.{name}_model"), config, _networks()
    except ImportError as error:
        raise SystemExit(f"pythae needs another package: {error}; pip install what it asks for") from None


def _networks() -> Any:
    return importlib.import_module("pythae.models.nn"), importlib.import_module(
        "pythae.models.base.base_utils"
    )


def model_of(folder: Path, name: str, encoder: nn.Sequential, decoder: nn.Sequential, **options: Any) -> Any:
    """Its `vae` or `iwae` with copies of these layers: three for the encoder, whose last one makes mean and
    log-variance, and three for the decoder, whose last one makes logits.
    """
    model, config, (networks, utils) = modules(folder, name)

    class Encoder(networks.BaseEncoder):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            networks.BaseEncoder.__init__(self)
            self.layers = encoder

        def forward(self, x: Tensor) -> Any:
            mean, log_variance = self.layers(x.reshape(len(x), -1)).chunk(2, 1)
            return utils.ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(networks.BaseDecoder):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            networks.BaseDecoder.__init__(self)
            self.layers = decoder

        def forward(self, z: Tensor) -> Any:
            return utils.ModelOutput(reconstruction=torch.sigmoid(self.layers(z)).reshape(-1, 1, 28, 28))

    kind = {"vae": "VAE", "iwae": "IWAE"}[name]
    settings = getattr(config, f"{kind}Config")(
        input_dim=(1, 28, 28), latent_dim=decoder[0].in_features, reconstruction_loss="bce", **options
    )
    return getattr(model, kind)(settings, Encoder(), Decoder())


def step_of(model: Any, rate: float) -> Callable[[Tensor], None]:
    """One update by its loss, of images `(N, 1, 28, 28)` in [0, 1]."""
    adam = torch.optim.Adam(model.parameters(), rate)

    def step(image: Tensor) -> None:
        adam.zero_grad()
        model({"data": image}).loss.backward()
        adam.step()

    return step
