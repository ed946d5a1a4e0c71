"""The command line, one file per command. `--help` imports neither torch nor plugins; a command imports
what it needs when it runs.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import SequenceMatcher
from functools import cached_property
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from gancore.allocator import keep_freed_memory
from gancore.cli import (
    check,
    compare,
    directions,
    edit,
    encode,
    evaluate,
    explore,
    export,
    import_,
    interpolate,
    invert,
    listing,
    mix,
    new,
    plugin_verbs,
    plugins,
    report,
    runs,
    sample,
    show,
    table,
    train,
    translate,
    upscale,
    watch,
)
from gancore.console.terminal import any_encoding, no_closed_stream, say
from gancore.errors import GancoreError, UserError, shown
from gancore.verbs.command import carried_out

UsageError = cast("type[Exception]", typer.BadParameter.__base__)
"""What typer raises about an unknown option; it exports the class below only."""
INTERRUPTED = 130
"""The exit code of a command that was stopped by Ctrl-C."""
CLOSE = 0.12
"""How much less alike than the closest option, of 1, another one is that is named too."""


class Commands(TyperGroup):
    """The built-in commands, and those of the plugins, which are imported only to run one of theirs."""

    @cached_property
    def plugin_commands(self) -> dict[str, Any]:
        """What stands for the commands of plugins until one of them is run."""
        return plugin_verbs.named()

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, those of plugins last."""
        return [*self.commands, *(name for name in self.plugin_commands if name not in self.commands)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; for one of a plugin that is not imported, a stand-in."""
        return super().get_command(ctx, cmd_name) or self.plugin_commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is to be run."""
        if args[0] not in self.commands:
            self.commands = {**plugin_verbs.added(), **self.commands}
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the options before the command."""
        with suggesting():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Reads the options of the command, runs it, and shows how far it is."""
        from gancore.console.showing import showing

        with suggesting(), showing():
            return super().invoke(ctx)


def closest(name: str, known: Sequence[str]) -> list[str]:
    """Those of the known names, the closest first, that are about as close as the first."""

    def likeness(other: str) -> float:
        return SequenceMatcher(None, name, other).ratio()

    return [other for other in known if likeness(other) > likeness(known[0]) - CLOSE]


@contextmanager
def suggesting() -> Iterator[None]:
    """Turns the error about an unknown option into one that names the closest options."""
    try:
        yield
    except UsageError as error:
        if (name := getattr(error, "option_name", None)) is None:
            raise
        near = closest(name, getattr(error, "possibilities", None) or [])
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        place = getattr(error, "ctx", None)
        verb = place.command_path if place is not None else "gancore"
        raise UserError(f"there is no option {name}; {hint}`{verb} --help` lists all") from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train, sample and mix generative image models.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"gancore {version('gancore')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="print the version", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Train, sample and mix generative image models."""


app.command("train")(train.train)
app.command("sample")(sample.sample)
app.command("evaluate")(evaluate.evaluate)
app.command("interpolate")(interpolate.interpolate)
app.command("mix")(mix.mix)
app.command("invert")(invert.invert)
app.command("directions")(directions.directions)
app.command("edit")(edit.edit)
app.command("encode")(encode.encode)
app.command("translate")(translate.translate)
app.command("upscale")(upscale.upscale)
app.command("explore")(explore.explore)
app.command("list")(listing.list_parts)
app.command("show")(show.show)
app.command("plugins")(plugins.plugins)
app.command("new")(new.new)
app.command("check")(check.check)
app.command("report")(report.report)
app.command("runs")(runs.runs)
app.command("watch")(watch.watch)
app.command("compare")(compare.compare)
app.command("table")(table.table)
app.command("export")(export.export)
app.command("import")(import_.import_network)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line. Exit codes: 0 for success, 2 for wrong usage, 1 for a failure, 130 and 143 when
    stopped.
    """
    keep_freed_memory()  # here and not in `run`, which a program may call in its own process
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Like `main`, but returns the exit code."""
    no_closed_stream()
    any_encoding()
    try:
        with carried_out(sys.argv[1:] if arguments is None else arguments):
            app(args=arguments, prog_name="gancore")
    except SystemExit as done:
        if done.code == INTERRUPTED:  # as typer ends where a key was pressed
            say("gancore: interrupted", err=True)
        return int(done.code or 0)
    except GancoreError as error:
        say(shown(f"gancore: {error}"), err=True)
        return error.exit_code
    except KeyboardInterrupt:
        say("gancore: interrupted", err=True)
        return INTERRUPTED
    except (MemoryError, OSError, RuntimeError) as error:
        if (text := _resource_trouble(error)) is None:
            raise
        say(shown(f"gancore: {text}"), err=True)
        return 1
    return 0


def _resource_trouble(error: BaseException) -> str | None:
    if (
        isinstance(error, MemoryError)
        or "out of memory" in str(error).lower()
        or "can't allocate memory" in str(error)
    ):
        less = "train with a smaller --batch or --micro-batch, or ask for fewer images"
        return f"out of memory{f' ({error})' if str(error) else ''}; committed checkpoints are intact: {less}"
    if isinstance(error, OSError) and not isinstance(error, ConnectionError):
        return (
            f"{error.strerror or error}: {error.filename or ''}; "
            "free some space or check the permissions, then try again"
        )
    return None
