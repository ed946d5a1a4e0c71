"""The command line, one file per command. `--help` imports neither torch nor plugins; a command imports
what it needs when it runs.
"""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gancore.cli import (
    check,
    compare,
    directions,
    edit,
    encode,
    evaluate,
    explore,
    export,
    interpolate,
    invert,
    listing,
    mix,
    new,
    plugins,
    report,
    sample,
    show,
    train,
    translate,
)
from gancore.console.terminal import any_encoding, say
from gancore.errors import GancoreError, shown


class Commands(TyperGroup):
    """The built-in commands; any other name is looked up among those of the plugins."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, built-in or from a plugin."""
        return super().get_command(ctx, cmd_name) or _from_plugins(cmd_name)


def _from_plugins(name: str) -> Any:
    from gancore.component.discovery import host

    extra = typer.Typer(add_completion=False)
    extra.callback()(lambda: None)
    for text in host().ask("gancore_commands", app=extra)[1]:
        say(shown(f"gancore: {text}"), err=True)
    group = typer.main.get_group(extra)
    return group.commands.get(name)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
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
app.command("explore")(explore.explore)
app.command("list")(listing.list_parts)
app.command("show")(show.show)
app.command("plugins")(plugins.plugins)
app.command("new")(new.new)
app.command("check")(check.check)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("export")(export.export)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line. Exit codes: 0 for success, 2 for wrong usage, 1 for a failure, 130 and 143 when
    stopped.
    """
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Like `main`, but returns the exit code."""
    any_encoding()
    try:
        app(args=arguments, prog_name="gancore")
    except SystemExit as done:
        return int(done.code or 0)
    except GancoreError as error:
        say(shown(f"gancore: {error}"), err=True)
        return error.exit_code
    except KeyboardInterrupt:
        print("gancore: interrupted", file=sys.stderr)
        return 130
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
        return f"out of memory ({error}); committed checkpoints are intact: {less}"
    if isinstance(error, OSError) and not isinstance(error, ConnectionError):
        return (
            f"{error.strerror or error}: {error.filename or ''}; "
            "free some space or check the permissions, then try again"
        )
    return None
