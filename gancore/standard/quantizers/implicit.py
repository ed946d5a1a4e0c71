"""Checks of quantizers whose codes follow from the channels of the code map."""

from gancore.component.quantizer import Quantizer
from gancore.errors import FitError

MOST = 2**24
"""The most codes of one quantizer: each is counted while training."""


def check_depth(quantizer: Quantizer, depth: int, option: str) -> None:
    """Raises FitError if the code has not `depth` channels."""
    if quantizer.code[0] != depth:
        raise FitError(
            f"{quantizer.qualified_name} has {depth} {option} and reads codes of {depth} channels, but the "
            f"code is {tuple(quantizer.code)}; give {quantizer.code[0]} {option}, a generator whose code has "
            f"{depth} channels, or put it into quantizer/projected"
        )


def check_size(quantizer: Quantizer) -> None:
    """Raises FitError if there are too many codes to count."""
    if quantizer.codebook_size > MOST:
        raise FitError(
            f"{quantizer.qualified_name} has {quantizer.codebook_size:,} codes for a code map "
            f"{tuple(quantizer.code)}; it may have at most {MOST:,}: take fewer channels or levels, or put "
            "it into quantizer/projected or quantizer/grouped"
        )
