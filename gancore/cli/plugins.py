"""`gancore plugins`: what is installed, and why something is not there."""

import typer


def plugins() -> None:
    """List the plugins: what each offers, and for one that failed, why."""
    from gancore.verbs.plugins import plugins

    typer.echo(plugins())
