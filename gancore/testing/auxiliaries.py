"""What auxiliary objectives promise, tried on a small smooth discriminator and generator."""

from functools import partial
from typing import Any

from torch import Tensor

from gancore.component.interfaces import Auxiliary
from gancore.component.randomness import seeded
from gancore.testing.check import check, ensure
from gancore.testing.excuses import row_by_row
from gancore.testing.penalty_assertions import ensure_declared, ensure_descends, ensure_exact, nothing_left
from gancore.testing.toy_networks import CLASSES, CODE, SHAPE, Critic, Smooth, Watched
from gancore.testing.trial import Trial


@check(Auxiliary)
def has_a_term_for_each_player(trial: Trial[Auxiliary]) -> None:
    """Each player's term is a finite float32 scalar with a finite gradient in that player's weights that is
    not all zero.
    """
    for player in ("discriminator", "generator"):
        game = _Game(trial)
        ensure_descends(game.term(player), game.critic if player == "discriminator" else game.maker)


@check(Auxiliary)
def trains_its_own_layers(trial: Trial[Auxiliary]) -> None:
    """The discriminator's term has a gradient in every weight of its own: no other term trains them."""
    _Game(trial).term("discriminator").backward()  # type: ignore[no-untyped-call]
    missed = [name for name, p in trial.part.named_parameters() if p.requires_grad and p.grad is None]
    ensure(not missed, f"the discriminator's term does not depend on {', '.join(missed[:4])}")


@check(Auxiliary)
def leaves_both_players_alone(trial: Trial[Auxiliary]) -> None:
    """Gradients, flags and weights are the same as before."""
    game = _Game(trial)
    game.critic.bias.requires_grad_(False)
    with nothing_left(game.critic, game.maker, game.image):
        game.term("discriminator")
        game.term("generator")


@check(Auxiliary)
def says_what_it_reads(trial: Trial[Auxiliary]) -> None:
    """Its class says `conditional` where it reads labels, and `reads_features` where it reads features."""
    game = _Game(trial)
    real, fake = game.records(slice(None))
    trial.part.discriminator(real, fake)
    trial.part.generator(fake, real)
    ensure_declared(trial.part, real, fake)


@check(Auxiliary, excuse=row_by_row)
def is_exact_for_both_players(trial: Trial[Auxiliary]) -> None:
    """The terms of a batch are the means of those of its halves; random numbers come from
    `gancore.component.randomness`.
    """
    game = _Game(trial)
    for player in ("discriminator", "generator"):
        ensure_exact(game.term(player), partial(game.term, player))


class _Game:
    """Two small players, and a batch."""

    def __init__(self, trial: Trial[Any]) -> None:
        self.trial = trial
        self.critic = Critic(trial.rng("critic"), tuple(trial.part.features))
        self.maker = Smooth(trial.rng("maker"), CODE, *SHAPE)
        self.image, self.code = trial.images(4, *SHAPE), trial.normal(4, CODE)
        self.label = trial.labels(CLASSES, 4)

    def records(self, rows: slice) -> tuple[Watched, Watched]:
        """Real and generated images."""
        return (
            self.critic.scored(self.image[rows], self.label[rows]),
            self.critic.generated(self.maker, self.code[rows], self.label[rows]),
        )

    def term(self, player: str, rows: slice = slice(None)) -> Tensor:
        """The term of one player for some rows of the batch."""
        real, fake = self.records(rows)
        with seeded(self.trial.seed):
            part: Auxiliary = self.trial.part
            return part.generator(fake, real) if player == "generator" else part.discriminator(real, fake)
