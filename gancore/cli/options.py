"""Options that several commands share. None means not given, so each default is defined in one place."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gancore.cli.completing import run_folders, words

Run = Annotated[Path, typer.Argument(help="folder of a run or a pipeline", autocompletion=run_folders)]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="folder, zip, IDX or .npy file, or emoji; give twice for two domains (source, target)",
    ),
]
Paired = Annotated[bool | None, typer.Option("--paired", help="match the two domains by file name")]
Size = Annotated[str | None, typer.Option("--size", help="height and width: 64 or 48x64")]
Channels = Annotated[int | None, typer.Option("--channels", help="1: gray, 3: RGB, 4: RGBA")]
Fit = Annotated[
    str | None,
    typer.Option(
        "--fit",
        help="crop, pad or stretch to the size, or random crops: random",
        autocompletion=words("crop", "pad", "stretch", "random"),
    ),
]
Alpha = Annotated[
    str | None,
    typer.Option("--alpha", help="background of transparent images: white or black; keep: keep alpha"),
]
Mirror = Annotated[bool | None, typer.Option("--mirror/--no-mirror", help="mirror half of the images")]
Labels = Annotated[str | None, typer.Option("--labels", help="auto, folders, none, or a file of labels")]
Subset = Annotated[str | None, typer.Option("--subset", help="train or test, for an IDX folder")]
Layout = Annotated[str | None, typer.Option("--layout", help="axis order of an array: auto, NCHW or NHWC")]
Bits = Annotated[int | None, typer.Option("--bits", help="convert to 8 or 16 bits")]
Values = Annotated[str | None, typer.Option("--values", help="range of float images: auto, unit or signed")]
Unreadable = Annotated[
    str | None, typer.Option("--unreadable", help="refuse or skip images that cannot be read")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="set a field of the recipe: generator.width=96, loss=hinge"),
]
Seed = Annotated[int | None, typer.Option("--seed", help="random seed")]
Output = Annotated[Path | None, typer.Option("--output", help="where to write")]
Pipeline = Annotated[
    str | None,
    typer.Option("--pipeline", help="which one, if the run has several, e.g. backward; default: the first"),
]
Label = Annotated[
    str | None,
    typer.Option(
        "--label",
        help="class of all images: number or name; or a row of numbers: 1,0,1; default: drawn as in the data",
    ),
]
Truncation = Annotated[
    float, typer.Option("--truncation", help="1 for none; values closer to 0 move images toward the mean")
]

Threshold = Annotated[
    float | None,
    typer.Option("--threshold", help="draw coordinates of latents beyond it again, as BigGAN does"),
]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def named(run: Path, suffix: str) -> Path:
    """A file name made of the run folder's name and `suffix`, in the current folder."""
    return Path(f"{run.resolve().name}{suffix}")
