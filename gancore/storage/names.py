"""Names of the files that make a folder a run or a saved pipeline."""

RECIPE, SETTINGS = "recipe.toml", "run.toml"
"""In every run: the spec of its recipe, and how it is trained."""
SAVED = "pipeline.json"
"""In every saved pipeline."""
