"""Published generators as pipelines, and as recipes that train on from them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import attrs

from gancore.component.bounded import bounded_by_weights
from gancore.component.discovery import host, registry
from gancore.component.interfaces import Discriminator, Generator, ImageShape
from gancore.component.part import Part, fact_fields, option_fields, seats
from gancore.component.specs import build, spec, to_toml
from gancore.component.weights import FILE, load_state, write_weights
from gancore.errors import CheckpointError, FitError, GancoreError, UserError
from gancore.pipeline import Pipeline
from gancore.published.importer import Importer
from gancore.published.networks import Network, Networks, read_networks
from gancore.runs.folder import RunFolder
from gancore.standard.patchgan import PatchScores
from gancore.storage.files import whole_folder
from gancore.storage.manifest import write_manifest

__all__ = ["import_discriminator", "import_file", "import_generator"]

JUDGE = "discriminator"
"""The discriminator's folder, next to the pipeline; an import has the layout of a run folder."""
TRAINED = ("generator", "conditioner", "encoder", JUDGE)
"""The seats of a recipe that imported networks take."""
AVERAGED = ("G_ema", "g_ema", "avgG", "ema", "params_ema")
"""The names that published code gives the generator that is used for sampling."""
JUDGES = ("D", "d", "netD")
"""The names that it gives the discriminator."""


def import_generator(network: Network, **options: str) -> Pipeline:
    """The pipeline of a published generator; `options` as its importer has them, such as `noise`.

    Raises:
        CheckpointError: no plugin knows it, settings are out of range, or the weights do not fit.
        UserError: its importer has no such option, or not with this value.
    """
    importer = _known(network, _makes, "generator")
    _check(importer, options)
    with _as_damage():
        return importer.pipeline(network, **options)


def import_discriminator(network: Network, image: ImageShape | None = None) -> Discriminator:
    """A published discriminator; `image` is the shape `(C, H, W)` of its generator's images, if known, where
    its weights and settings do not tell it. Raises like `import_generator`.
    """
    importer = _known(network, _judges, JUDGE)
    with _as_damage():
        return importer.discriminator(network if image is None else attrs.evolve(network, image=image))


def import_file(
    file: Path,
    folder: Path,
    network: str | None = None,
    *,
    discriminator: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> tuple[Pipeline, str]:
    """Writes `folder`: the pipeline of a generator in the file, and a recipe that continues its training
    against the discriminator, which is in the same file or in one of its own.

    `network` names the generator; by default it is the one with averaged weights, or the only one. Returns
    the pipeline, and the reason why there is no recipe, empty if there is one.

    Raises:
        UserError: the folder exists, or the file has no network of that name.
        CheckpointError: the file cannot be read, or the generator cannot be imported.
    """
    if folder.exists():
        raise UserError(f"{folder} already exists; give --output a new folder")
    networks = read_networks(file)
    name = _chosen(networks, network)
    chosen = networks[name]
    try:
        with bounded_by_weights(file):
            pipeline = import_generator(chosen, **(options or {}))
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {name}: {error}") from None
    recipe = _known(chosen, _makes, "generator").recipe(pipeline)
    judges = networks if discriminator is None else read_networks(discriminator)
    with bounded_by_weights(judges.path):
        judge, why = (
            _discriminator(judges, pipeline, recipe) if recipe else (None, "no recipe trains such networks")
        )
    if judge is not None:
        recipe = _judges_recipe(judges, pipeline) or recipe
    with whole_folder(folder) as aside:
        RunFolder(aside).save_pipelines({"image": pipeline})
        if judge is not None:
            _save_recipe(RunFolder(aside), judge, _table(recipe, pipeline, judge, folder.resolve()))
    return pipeline, why


def _save_recipe(run: RunFolder, judge: Discriminator, table: Mapping[str, Any]) -> None:
    folder = run.path / JUDGE
    folder.mkdir()
    write_weights(folder / FILE, {f"{JUDGE}.{name}": value for name, value in judge.state_dict().items()})
    write_manifest(folder)
    run.recipe_file.write_text(to_toml(table), encoding="utf-8")


def importers() -> list[Importer]:
    """Those of all plugins."""
    answers, _ = host().ask("gancore_importers")
    return [one for several in answers for one in several]


def _makes(importer: Importer, network: Network) -> bool:
    return importer.is_generator(network)


def _judges(importer: Importer, network: Network) -> bool:
    return importer.is_discriminator(network)


def _known(network: Network, knows: Callable[[Importer, Network], bool], kind: str) -> Importer:
    found = importers()
    for one in found:
        with _as_damage():
            if knows(one, network):
                return one
    for why in filter(None, (one.refusal(network) for one in found)):
        raise CheckpointError(why)
    what = network.class_name or "a state dict"
    titles = [one.title for one in found] or ["any code: no installed plugin reads any"]
    known = " or ".join(filter(None, [", ".join(titles[:-1]), titles[-1]]))
    raise CheckpointError(f"{what} is not a {kind} of {known}; choose another network of the file")


def _check(importer: Importer, options: Mapping[str, str]) -> None:
    for name, value in options.items():
        values = importer.options.get(name)
        if values is None:
            raise UserError(f"--{name} does not apply to networks of {importer.title}; leave it out")
        if value not in values:
            raise UserError(f"--{name} is {', '.join(values[:-1])} or {values[-1]}; got {value!r}")


def _chosen(networks: Networks, name: str | None) -> str:
    for known in AVERAGED if name is None else (name,):
        if known in networks:
            return known
    wanted = f"got {name!r}" if name else f"there is no {' or '.join(AVERAGED)}"
    known_here = [] if name else [one for one in networks if _any(networks, one, _makes)]
    if len(known_here) == 1 or (not name and len(networks) == 1):
        return (known_here or list(networks))[0]
    raise UserError(
        f"{networks.path} has the networks {', '.join(networks)}; choose one of them with --network; {wanted}"
    )


def _any(networks: Networks, name: str, knows: Callable[[Importer, Network], bool]) -> bool:
    """Whether any plugin knows a network of a file."""
    try:
        network = networks[name]
    except CheckpointError:
        return False
    return any(knows(one, network) for one in importers())


def _discriminator(
    networks: Networks, pipeline: Pipeline, recipe: Mapping[str, Any]
) -> tuple[Discriminator | None, str]:
    name = _judge(networks)
    if name is None:
        return None, "the file has no discriminator"
    try:
        made = import_discriminator(networks[name], image=pipeline.generator.image)
    except CheckpointError as error:
        return None, f"the discriminator cannot be imported: {error}"
    shown = _shown(pipeline.generator, made, _joins(recipe))
    reads, makes = made.image, pipeline.generator.image
    if reads[0] != shown[0]:
        return None, f"the discriminator reads images {tuple(reads)}, not {tuple(makes)}"
    return (made, "") if tuple(reads) == shown else _of_size(made, shown, makes)


def _judge(networks: Networks) -> str | None:
    """The name of the discriminator in a file."""
    named = [name for name in JUDGES if name in networks]
    named += [name for name in networks if _any(networks, name, _judges)]
    return named[0] if named else None


def _judges_recipe(networks: Networks, pipeline: Pipeline) -> dict[str, Any]:
    """The recipe of the discriminator's code, if that decides; else empty."""
    name = _judge(networks)
    importer = _known(networks[name], _judges, JUDGE) if name else None
    return importer.recipe(pipeline) if importer and importer.judge_decides else {}


def _joins(recipe: Mapping[str, Any]) -> bool:
    """Whether the discriminators of a recipe may read source and image joined."""
    base = registry().base_of("recipe", str(recipe["part"]))
    return any(option.name == "reads_source" for option in option_fields(base))


def _shown(generator: Generator, judge: Discriminator, joins: bool) -> ImageShape:
    """What a discriminator is shown: images, or with a translator source and image joined, if the recipe
    joins them.
    """
    channels, height, width = generator.image
    joined = channels + generator.code_shape[0]
    both = joins and "translator" in generator.tags and judge.image[0] == joined
    return (joined if both else channels, height, width)


def _of_size(judge: Discriminator, shown: ImageShape, makes: ImageShape) -> tuple[Discriminator | None, str]:
    """A discriminator of patches for images of this size, which its weights do not tell."""
    if not isinstance(judge, PatchScores):
        return None, f"the discriminator reads images {tuple(judge.image)}, not {tuple(makes)}"
    try:
        made = build({**_options(judge), "image": list(shown)}, JUDGE)
    except FitError as error:
        return None, str(error)
    load_state(made, judge.state_dict())
    return cast(Discriminator, made), ""


def _table(
    recipe: Mapping[str, Any], pipeline: Pipeline, discriminator: Discriminator, folder: Path
) -> dict[str, Any]:
    """The recipe's spec with the networks and their weights in `folder`.

    The image shape and the number of classes, if any, are those of the networks; training requires data that
    match.
    """
    base = registry().base_of("recipe", str(recipe["part"]))
    names = {place.name for place in seats(base)}
    held = {**pipeline.parts, JUDGE: discriminator}
    parts = {name: held[name] for name in TRAINED if name in names & held.keys()}
    table = spec(build({**recipe, **{seat: _options(part) for seat, part in parts.items()}}))
    for seat, part in parts.items():
        if part.state_dict():
            table[seat]["from"] = f"{folder}:{seat}"
    classes = getattr(pipeline.conditioner, "classes", 0)
    facts = {"image": list(pipeline.generator.image)} | ({"classes": classes} if classes else {})
    if "translator" in pipeline.generator.tags:
        facts["source"] = list(pipeline.generator.code_shape)
        if _joins(recipe):
            facts["reads_source"] = discriminator.image[0] != pipeline.generator.image[0]
    return table | facts


def _options(part: Part) -> dict[str, Any]:
    """The spec without the facts that the recipe provides."""
    told = {fact.name for fact in fact_fields(type(part))}
    return {name: value for name, value in spec(part).items() if name not in told}


@contextmanager
def _as_damage() -> Iterator[None]:
    """Turns errors about options and tensors into CheckpointError: they came from the file."""
    try:
        yield
    except GancoreError as error:
        raise error if isinstance(error, CheckpointError) else CheckpointError(str(error)) from None
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"the weights are broken ({type(error).__name__}: {error}); download the file again"
        ) from None
