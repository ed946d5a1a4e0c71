"""`gancore plugins`: what is installed, and why something is not there."""

import typer


def plugins() -> None:
    """List the plugins: what each offers, and for one that failed, why."""
    from collections import Counter

    from gancore.component.discovery import host

    offers = Counter(offer.distribution for offer in host().registry.registrations())
    for distribution, version in sorted(host().versions.items()):
        typer.echo(f"{distribution} {version}: {offers[distribution]} parts")
    for failure in host().registry.failures:
        typer.echo(f"{failure.distribution}: NOT LOADED (entry point {failure.entry_point}): {failure.cause}")
    for kind, name, several in _clashes():
        typer.echo(
            f"{kind} {name!r} is offered by {' and '.join(several)}: "
            f"write {several[0]}:{name} or {several[1]}:{name}"
        )


def _clashes() -> list[tuple[str, str, list[str]]]:
    from itertools import groupby

    from gancore.component.discovery import registry

    groups = groupby(registry().registrations(), key=lambda o: (o.cls.kind, o.cls.name))
    named = [(kind, name, [o.distribution for o in several]) for (kind, name), several in groups]
    return [row for row in named if len(row[2]) > 1]
