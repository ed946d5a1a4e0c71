"""The one-line error for a file of published networks, or a network in it, that is refused."""

from gancore import errors
from gancore.errors import CheckpointError

__all__ = ["Refused", "shown"]

ADVICE = (
    "give a file of published weights: a checkpoint or state dict that PyTorch saved, a network pickle "
    "as NVIDIA's code writes them, or a safetensors file"
)
TAIL = "; nothing in it was executed"


class Refused(CheckpointError):
    """The file, or a network in it, contains something that is refused."""

    def __init__(self, holds: str, *, owner: str = "the file", advice: str = ADVICE) -> None:
        self.holds, self.advice = holds, advice
        super().__init__(f"{owner} is refused: it holds {holds}; {advice}{TAIL}")

    def of(self, owner: str) -> "Refused":
        """The same error for one network, when the rest of the file may be fine."""
        return Refused(self.holds, owner=owner, advice=self.advice)


def shown(text: object, most: int = 80) -> str:
    """Text from a file in a form fit for a message: shortened, with line breaks and the like escaped."""
    return errors.shown(text, most)
