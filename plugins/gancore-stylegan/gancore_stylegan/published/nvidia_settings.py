"""The constructor arguments of NVIDIA's networks."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from attrs import frozen
from torch import Tensor

from gancore.component.interfaces import ImageShape
from gancore.errors import CheckpointError
from gancore.published import shown

LARGEST = 4096
"""The maximum width of a layer."""
LARGEST_IMAGE, LARGEST_CLASSES = 2048, 100_000
"""The maximum side of an image, and the maximum number of classes."""
UNCLAMPED = r"\.skip\.|^b4\.fromrgb\."
"""Layers that are never clamped: shortcuts, and the layer from colors at the smallest size."""


T = TypeVar("T")


@frozen
class Settings:
    """The settings of a network as one table, the mapping network's as another, and all tables as given."""

    network: dict[str, Any]
    mapping: dict[str, Any]
    tables: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(
        cls, args: Sequence[Any], kwargs: Mapping[str, Any], order: Sequence[str], *inner: str
    ) -> "Settings":
        """Reads positional arguments, which come in the order `order`, and keyword arguments; those named in
        `inner` are nested tables.

        Raises:
            CheckpointError: a nested table is not a dict.
        """
        told = dict(zip(order, args, strict=False)) | dict(kwargs)
        mapping, *tables = [told.pop(name, {}) for name in ("mapping_kwargs", *inner)]
        for table in (mapping, *tables):
            if not isinstance(table, dict):
                raise CheckpointError(
                    f"the network's settings {', '.join(('mapping_kwargs', *inner))} are not "
                    "tables; the file is damaged"
                )
        given = (dict(told), mapping, *tables)
        for table in tables:
            told |= table
        return cls(told, mapping, given)

    def whole(self, name: str, default: int | None = None, *, least: int = 1, most: int = LARGEST) -> int:
        """A setting as an integer. Raises CheckpointError if it is not one."""
        return whole(name, self.network.get(name, default), least, most)

    @property
    def classes(self) -> int:
        """The number of classes, 0 for none."""
        return self.whole("c_dim", 0, least=0, most=LARGEST_CLASSES)

    @property
    def image(self) -> ImageShape:
        """The shape of one image. Raises CheckpointError if its sides are not a power of two, as in all
        published networks.
        """
        size = self.whole("img_resolution", least=4, most=LARGEST_IMAGE)
        if size & (size - 1):
            raise CheckpointError(
                f"the network is for images of {size} pixels a side; only powers of two can be imported"
            )
        return self.whole("img_channels", most=64), size, size

    @property
    def channels(self) -> dict[str, int]:
        """The options that determine the number of feature maps of each layer."""
        return {
            "channels_base": self.whole("channel_base", 32768, most=2**24),
            "channels_max": self.whole("channel_max", 512),
        }

    def choice(self, name: str, choices: Mapping[str, T], default: str) -> T:
        """Looks up the value of a setting in a table. Raises CheckpointError if it is not in the table."""
        given = self.network.get(name, default)
        if not isinstance(given, str) or given not in choices:
            raise CheckpointError(
                f"the network was made with {name} {shown(str(given), 60)}; "
                f"only {', '.join(choices)} can be imported"
            )
        return choices[given]

    @property
    def feature_maps(self) -> dict[int, int]:
        """The number of feature maps of StyleGAN2's layers by resolution, starting at 4."""
        base, most = self.channels.values()
        sizes = [4 << i for i in range(self.image[1].bit_length() - 2)]
        return {size: max(1, min(base // size, most)) for size in sizes}

    def mapping_layers(
        self, tensors: Mapping[str, Tensor], latent: int, width: int, least: int
    ) -> "MappingLayers":
        """The widths of the layers of a mapping network with the given input and output widths and at least
        `least` layers.

        Raises:
            CheckpointError: a width or the count is not an integer in range, or the weights have other
            widths.
        """
        count = sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in tensors)
        embedding, hidden = (
            _whole_or(self.mapping, name, width) for name in ("embed_features", "layer_features")
        )
        made = MappingLayers(
            embedding if self.classes else 0, hidden, whole("count of mapping layers", count, least, 64)
        )
        expected = {"mapping.embed.weight": (embedding, self.classes)} if self.classes else {}
        widths = [latent + made.embedding, *[hidden] * (made.count - 1), width]
        expected |= {f"mapping.fc{i}.weight": (widths[i + 1], widths[i]) for i in range(made.count)}
        check_shapes(tensors, expected)
        return made

    def check(self, fixed: Mapping[str, Any], known: Collection[str] = ()) -> None:
        """Raises CheckpointError if a setting is not in `known`, or does not have the only value supported
        here.

        Each table is checked: the activations of the blocks, of the layers after them and of the mapping are
        three settings with the same name.
        """
        for name, given in (item for table in self.tables for item in table.items()):
            said = f"{shown(name)} {shown(str(given), 60)}"
            if known and name not in known:
                raise CheckpointError(f"the network was made with {said}, which no released network has")
            if name in fixed and not _is(given, fixed[name]):
                raise CheckpointError(f"the network was made with {said}; only {fixed[name]} can be imported")

    def clamp(self, attributes: Mapping[str, Any], default: float | None = None) -> float:
        """The clamping value of the layers, 0 for no clamping: their own attribute, or else the setting.

        Raises:
            CheckpointError: it is not a number above 0, or differs between layers.
        """
        own = [
            value
            for name, value in attributes.items()
            if name.endswith(".conv_clamp") and not re.search(UNCLAMPED, name)
        ]
        given, *others = own or [self.network.get("conv_clamp", default)]
        if any(value != given for value in others):
            raise CheckpointError(
                "the network's layers have different values of conv_clamp; only one value for "
                "all can be imported"
            )
        return 0.0 if given is None else positive("conv_clamp", given)


@frozen
class MappingLayers:
    """The widths of the label embedding (0 for none) and of the hidden layers, and the number of layers."""

    embedding: int
    hidden: int
    count: int


def _whole_or(table: Mapping[str, Any], name: str, default: int) -> int:
    return whole(name, default if table.get(name) is None else table[name], 1, LARGEST)


def _is(given: Any, value: Any) -> bool:
    close = isinstance(value, float) and isinstance(given, float) and abs(given - value) < 1e-6
    return bool(given == value or close)


def check_shapes(tensors: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]]) -> None:
    """Raises CheckpointError if the shapes of the weights contradict the settings: a small file could
    otherwise request large networks.
    """
    found = {name: tuple(tensors[name].shape) if name in tensors else "missing" for name in expected}
    wrong = [
        f"{name} is {found[name]}, but {shape} was expected"
        for name, shape in expected.items()
        if found[name] != shape
    ]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise CheckpointError(
            f"the network's settings disagree with its weights: {'; '.join(wrong[:3])}{more}"
        )


def whole(name: str, value: Any, least: int, most: int) -> int:
    """An integer from `least` to `most`. Raises CheckpointError if it is not one."""
    if type(value) is not int or not least <= value <= most:
        raise CheckpointError(
            f"the network's {name} is {shown(str(value), 60)}, not a whole number from {least} to {most}"
        )
    return value


def positive(name: str, value: Any, most: float = 1e6) -> float:
    """A number above 0, up to `most`. Raises CheckpointError if it is not one."""
    if isinstance(value, bool) or not isinstance(value, float | int) or not 0 < value <= most:
        raise CheckpointError(
            f"the network's {name} is {shown(str(value), 60)}, not a number above 0 and at most {most:g}"
        )
    return float(value)
