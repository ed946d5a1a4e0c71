"""Options that several commands share. None means not given, so each default is defined in one place: help
shows that of the settings and of the image options.
"""

from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from gancore.cli.completing import run_folders, words
from gancore.data.options import SOURCE_FROM, ImageOptions
from gancore.runs.settings import Settings


def of_field(cls: type[attrs.AttrsInstance], name: str, *flags: str, words: Any = None) -> Any:
    """An option for a field, with its help and its default; None is said in the help of the field."""
    field = attrs.fields_dict(cls)[name]
    default = "no" if field.default is False else field.default
    said = "" if default is None else f"; default: {default}"
    return typer.Option(
        *(flags or (f"--{name.replace('_', '-')}",)),
        help=f"{field.metadata['help']}{said}",
        autocompletion=words,
    )


def setting(name: str) -> Any:
    """An option for a field of the settings."""
    return of_field(Settings, name)


Run = Annotated[Path, typer.Argument(help="folder of a run or a pipeline", autocompletion=run_folders)]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="SOURCE",
        help="folder, zip, IDX or .npy file, or emoji; give twice for two domains (source, target); "
        "default: emoji",
    ),
]
Paired = Annotated[
    bool | None, typer.Option("--paired", help="match the two domains by file name; default: no")
]
SourceFrom = Annotated[
    str | None,
    typer.Option(
        "--source-from",
        help="make pairs of one --data: the left or right half of each image is the source, the other half "
        "the target; or the source is made of the image: gray, edges, smaller-2, smaller-3 or smaller-4 "
        "times; default: no",
        autocompletion=words(*SOURCE_FROM),
    ),
]
Size = Annotated[str | None, of_field(ImageOptions, "size")]
Channels = Annotated[int | None, of_field(ImageOptions, "channels")]
Fit = Annotated[str | None, of_field(ImageOptions, "fit", words=words("crop", "pad", "stretch", "random"))]
Jitter = Annotated[float | None, of_field(ImageOptions, "jitter")]
Alpha = Annotated[str | None, of_field(ImageOptions, "alpha", words=words("white", "black", "keep"))]
Mirror = Annotated[bool | None, of_field(ImageOptions, "mirror", "--mirror/--no-mirror")]
Labels = Annotated[str | None, of_field(ImageOptions, "labels")]
Subset = Annotated[str | None, of_field(ImageOptions, "subset", words=words("train", "test"))]
Layout = Annotated[str | None, of_field(ImageOptions, "layout", words=words("auto", "NCHW", "NHWC"))]
Bits = Annotated[int | None, of_field(ImageOptions, "bits")]
Values = Annotated[str | None, of_field(ImageOptions, "values", words=words("auto", "unit", "signed"))]
Unreadable = Annotated[str | None, of_field(ImageOptions, "unreadable", words=words("refuse", "skip"))]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="set a field of the recipe: generator.width=96, loss=hinge; default: as in the recipe",
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", help="random seed; default: 0")]
Output = Annotated[
    Path | None,
    typer.Option("--output", help="where to write; default: named after the run, in the current folder"),
]
Pipeline = Annotated[
    str | None,
    typer.Option("--pipeline", help="which one, if the run has several, e.g. backward; default: the first"),
]
Device = Annotated[
    str | None,
    typer.Option("--device", help="where the networks run: auto, cpu, cuda, cuda:1 or mps; default: cpu"),
]
Precision = Annotated[str | None, setting("precision")]
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
    typer.Option(
        "--threshold", help="draw coordinates of latents beyond it again, as BigGAN does; default: none"
    ),
]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def named(run: Path, suffix: str) -> Path:
    """A file name made of the run folder's name and `suffix`, in the current folder."""
    return Path(f"{run.resolve().name}{suffix}")
