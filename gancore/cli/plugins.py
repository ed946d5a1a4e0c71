"""`gancore plugins`: the installed plugins, and why any failed to load."""

from gancore.console.terminal import say


def plugins() -> None:
    """List the plugins: how many parts each provides, and why any failed to load."""
    from gancore.verbs.plugins import plugins

    say(plugins())
