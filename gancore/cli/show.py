"""`gancore show`: a part as the TOML that one edits."""

from typing import Annotated

import typer

from gancore.cli import options as o


def show(
    name: Annotated[
        str, typer.Argument(help="a recipe (stylegan), a .toml file, or a part with its kind (loss/hinge)")
    ],
    change: o.Set = None,
    text: Annotated[bool, typer.Option("--doc", help="print the documentation instead")] = False,
) -> None:
    """Print a recipe or part with all its options as TOML: `gancore show dcgan > mine.toml`."""
    import inspect

    from gancore.cli.recipes import recipe_of
    from gancore.component.discovery import registry
    from gancore.component.part import fact_fields, help_of, option_fields
    from gancore.component.specs import build, spec, to_toml

    kind, slash, bare = name.partition("/")
    if slash and not name.endswith(".toml") and kind in registry().kinds():
        part = build(bare, kind)
    else:
        part = recipe_of(name, change or [])
    if not text:
        return typer.echo(to_toml(spec(part)), nl=False)
    typer.echo(inspect.cleandoc(type(part).__doc__ or ""))
    for field in [*option_fields(type(part)), *fact_fields(type(part))]:
        typer.echo(f"  {field.name}: {help_of(field)}")
    return None
