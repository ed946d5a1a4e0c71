"""Tools for the latent space of every pipeline that draws latents."""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.latent.clip import ClipScorer, clip_scorer, text_vectors
    from gancore.latent.codes import codes_of, load_code, render_codes, save_code
    from gancore.latent.cutouts import Cutouts
    from gancore.latent.direction_file import DirectionSet
    from gancore.latent.directions import Directions, principal_directions, random_directions
    from gancore.latent.editing import edited_code, edited_latent
    from gancore.latent.guidance import Guidance, class_scorer, guide, resembling
    from gancore.latent.interpolate import path, spherical
    from gancore.latent.inversion import Inverted, Projection, invert, render_inverted
    from gancore.latent.labeled import labeled_directions
    from gancore.latent.mixing import band_of, layers_of, mix, mixing_table
    from gancore.latent.route import Route
    from gancore.latent.seeds import images_of_seeds, latent_of_seed
    from gancore.latent.sefa import sefa_directions
    from gancore.latent.spaces import mean_code, usual_space
    from gancore.latent.truncation import with_threshold
    from gancore.latent.tuning import PivotalTuning, tune
    from gancore.latent.walk import Walk

_HOMES = {
    "clip": ("ClipScorer", "clip_scorer", "text_vectors"),
    "codes": ("codes_of", "load_code", "render_codes", "save_code"),
    "cutouts": ("Cutouts",),
    "direction_file": ("DirectionSet",),
    "directions": ("Directions", "principal_directions", "random_directions"),
    "editing": ("edited_code", "edited_latent"),
    "guidance": ("Guidance", "class_scorer", "guide", "resembling"),
    "interpolate": ("path", "spherical"),
    "inversion": ("Inverted", "Projection", "invert", "render_inverted"),
    "labeled": ("labeled_directions",),
    "mixing": ("band_of", "layers_of", "mix", "mixing_table"),
    "route": ("Route",),
    "seeds": ("images_of_seeds", "latent_of_seed"),
    "sefa": ("sefa_directions",),
    "spaces": ("mean_code", "usual_space"),
    "truncation": ("with_threshold",),
    "tuning": ("PivotalTuning", "tune"),
    "walk": ("Walk",),
}
__all__ = [
    "ClipScorer",
    "Cutouts",
    "DirectionSet",
    "Directions",
    "Guidance",
    "Inverted",
    "PivotalTuning",
    "Projection",
    "Route",
    "Walk",
    "band_of",
    "class_scorer",
    "clip_scorer",
    "codes_of",
    "edited_code",
    "edited_latent",
    "guide",
    "images_of_seeds",
    "invert",
    "labeled_directions",
    "latent_of_seed",
    "layers_of",
    "load_code",
    "mean_code",
    "mix",
    "mixing_table",
    "path",
    "principal_directions",
    "random_directions",
    "render_codes",
    "render_inverted",
    "resembling",
    "save_code",
    "sefa_directions",
    "spherical",
    "text_vectors",
    "tune",
    "usual_space",
    "with_threshold",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
