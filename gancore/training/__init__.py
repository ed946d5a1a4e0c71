"""Training a recipe: the run, the optimizers, the loop, checkpoints and evaluation."""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.training.evaluating import EvaluationRequest, study_of_images, study_of_run
    from gancore.training.loop import Training
    from gancore.training.ranks import Ranks
    from gancore.training.run import TrainingRun
    from gancore.training.start import fit_to_data, resume, train

_HOMES = {
    "evaluating": ("EvaluationRequest", "study_of_images", "study_of_run"),
    "loop": ("Training",),
    "ranks": ("Ranks",),
    "run": ("TrainingRun",),
    "start": ("fit_to_data", "resume", "train"),
}
__all__ = [
    "EvaluationRequest",
    "Ranks",
    "Training",
    "TrainingRun",
    "fit_to_data",
    "resume",
    "study_of_images",
    "study_of_run",
    "train",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
