import pytest
from gancore_cyclegan import CUT, CycleGAN
from gancore_cyclegan.presets import PRESETS

from gancore import create


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_each_preset_is_known_by_its_name(preset) -> None:
    recipe = create(preset.name)
    assert type(recipe) is preset.base
    assert not recipe.built


@pytest.mark.parametrize(
    ("name", "blocks", "identity"),
    [("cyclegan-horse2zebra", 9, 0), ("cyclegan-paintings", 9, 0.5), ("cyclegan-128", 6, 0)],
)
def test_published_settings_of_cyclegan(name: str, blocks: int, identity: float) -> None:
    recipe = create(name)
    assert isinstance(recipe, CycleGAN)
    assert (recipe.to_target.blocks, recipe.to_source.blocks) == (blocks, blocks)
    assert (recipe.identity, recipe.cycle, recipe.pool, recipe.batch) == (identity, 10, 50, 1)


def test_a_preset_gives_way_to_what_is_set() -> None:
    recipe = create("fastcut", {"contrastive": 3.0})
    assert isinstance(recipe, CUT)
    assert (recipe.contrastive, recipe.identity) == (3, 0)
