"""The Inception score, with any extractor that classifies."""

import torch
from torch import Tensor

from gancore.component.device import device_of
from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.measure.picking import need
from gancore.measure.score import Score, Value
from gancore.measure.study import Side, Study
from gancore.pipeline import evaluating


def inception_scores(logits: Tensor, splits: int = 10) -> Tensor:
    """exp(E_x KL(p(y|x) ‖ p(y))) of each of `splits` consecutive parts of the rows `(N, K)`: `(splits,)`
    float64.

    Paper: Salimans et al. 2016, arXiv:1606.03498, section 4. p(y) is the mean over the rows of a part.
    """
    log_prob = logits.double().log_softmax(1)
    return torch.stack([_score(rows) for rows in torch.tensor_split(log_prob, splits)])


def _score(log_prob: Tensor) -> Tensor:
    prob = log_prob.exp()
    return (prob * (log_prob - prob.mean(0).log())).sum(1).mean().exp()


def class_logits(study: Study, side: Side) -> Tensor:
    """Class logits of all images of one side: `(N, K)` float32 on the CPU."""
    features = study.features(side)
    device = device_of(study.extractor)
    with evaluating(study.extractor), torch.no_grad():
        return torch.cat(
            [study.extractor.classify(rows.to(device)).float().cpu() for rows in torch.split(features, 4096)]
        )


@part("inception-score")
class InceptionScore(Score):
    """How confidently the samples are classified, and how evenly they spread over classes: from 1 to their
    number.

    Paper: Salimans et al. 2016, arXiv:1606.03498, section 4: the mean over ten splits. The error is the
    deviation between splits, as published, not that of their mean. The reference is not used. Samples are
    shuffled first, so files sorted by class are split evenly.
    """

    needs = frozenset({"classes"})
    splits: int = field(
        default=10, validator=whole(2), help="parts of the samples that are scored separately"
    )

    def forward(self, study: Study) -> dict[str, Value]:
        """`IS[title]`, higher is better."""
        name = f"IS[{study.title}]"
        need(
            name,
            10 * self.splits,
            f"ten for each of {self.splits} splits",
            samples=len(study.features("samples")),
        )
        logits = class_logits(study, "samples")
        order = torch.randperm(len(logits), generator=study.rng("inception-score"))
        scores = inception_scores(logits[order], self.splits)
        return {name: Value(float(scores.mean()), float(scores.std()), "higher")}
