"""Groups of neighboring samples, for layers that compare the samples of a batch."""


def group_sizes(n: int, group: int) -> list[int]:
    """How many of `n` samples are in whole groups of `group`, and how many remain, without zeros. A `group`
    of 0 is all of them.
    """
    whole = n - n % (group or n)
    return [size for size in (whole, n - whole) if size > 0]
