"""Options that several verbs share. None means: not given, so that each default stands in one place."""

from pathlib import Path
from typing import Annotated, Any

import typer

Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="folder, zip, IDX or .npy file, or emoji; give it twice for two domains (source, target)",
    ),
]
Paired = Annotated[bool | None, typer.Option("--paired", help="match the two domains by file name")]
Size = Annotated[str | None, typer.Option("--size", help="height and width: 64 or 48x64")]
Channels = Annotated[int | None, typer.Option("--channels", help="1 gray, 3 RGB, 4 RGBA")]
Fit = Annotated[str | None, typer.Option("--fit", help="crop, pad or stretch to the size")]
Alpha = Annotated[
    str | None, typer.Option("--alpha", help="white or black behind transparent images, or keep")
]
Mirror = Annotated[bool | None, typer.Option("--mirror/--no-mirror", help="show half of the images mirrored")]
Labels = Annotated[str | None, typer.Option("--labels", help="auto, folders, none, or a file of labels")]
Subset = Annotated[str | None, typer.Option("--subset", help="train or test, of an IDX folder")]
Layout = Annotated[str | None, typer.Option("--layout", help="axes of an array: auto, NCHW or NHWC")]
Bits = Annotated[int | None, typer.Option("--bits", help="convert to 8 or 16 bits")]
Values = Annotated[str | None, typer.Option("--values", help="range of float images: auto, unit or signed")]
Unreadable = Annotated[
    str | None, typer.Option("--unreadable", help="refuse or skip images that cannot be read")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="a field of the recipe by its path: generator.width=96, loss=hinge"),
]
Seed = Annotated[int | None, typer.Option("--seed", help="seed of everything random")]
Output = Annotated[Path | None, typer.Option("--output", help="where to write")]
Pipeline = Annotated[
    str | None, typer.Option("--pipeline", help="which of several, as backward; left out: the first")
]
Label = Annotated[
    int | None, typer.Option("--label", min=0, help="class of all images; left out: as in the data")
]
Truncation = Annotated[float, typer.Option("--truncation", help="1 for none, towards 0 nearer to the mean")]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def named(run: Path, suffix: str) -> Path:
    """What an output is called after the folder of the run, in the current folder."""
    return Path(f"{run.resolve().name}{suffix}")
