"""Why a file of published networks, or a network of it, is not taken: one error, of one line."""

from gancore.errors import CheckpointError

__all__ = ["Refused", "shown"]

ADVICE = (
    "give a network pickle that NVIDIA's StyleGAN2-ADA or StyleGAN3 wrote, "
    "or a .pt of rosinality's stylegan2-pytorch"
)
TAIL = "; nothing of it was run"


class Refused(CheckpointError):
    """The file, or a network of it, holds something that is not taken."""

    def __init__(self, holds: str, *, owner: str = "the file", advice: str = ADVICE) -> None:
        self.holds, self.advice = holds, advice
        super().__init__(f"{owner} is refused: it holds {holds}; {advice}{TAIL}")

    def of(self, owner: str) -> "Refused":
        """The same, where the rest of the file may be taken."""
        return Refused(self.holds, owner=owner, advice=self.advice)


def shown(text: str, most: int = 80) -> str:
    """Words of a file as a message can hold them: not too long, and with line ends and the like written
    out.
    """
    text = text[:most]
    return text if text.isprintable() else ascii(text)[1:-1]
