import pytest

from gancore.errors import FactError
from gancore.nn.pyramid import (
    channels,
    check_powers_of_two,
    doubling_widths,
    doublings,
    halvings,
    smallest_map,
)


@pytest.mark.parametrize(
    ("size", "count"),
    [((64, 64), 4), ((28, 28), 2), ((48, 32), 3), ((6, 6), 0), ((30, 32), 1), ((12, 20), 1), ((7, 64), 0)],
)
def test_sides_are_halved_while_both_are_even_and_the_shorter_one_stays(size, count):
    assert halvings(*size) == count
    assert halvings(*size[::-1]) == count


def test_another_smallest_side():
    assert halvings(64, 64, smallest=8) == 3
    assert halvings(64, 64, smallest=1) == 6


@pytest.mark.parametrize("start", [(4, 4), (5, 9), (7, 4), (6, 7)])
@pytest.mark.parametrize("times", [0, 1, 5])
def test_a_small_map_doubled_is_found_again(start, times):
    image = (3, start[0] << times, start[1] << times)
    assert doublings(image, "generator/x") == times
    assert smallest_map(image, "generator/x") == start


@pytest.mark.parametrize("size", [(30, 30), (3, 8), (16, 18), (44, 33)])
def test_other_sizes_are_refused_by_name(size):
    with pytest.raises(
        FactError, match=f"x cannot have images of {size[0]}×{size[1]}: the shorter side must be"
    ):
        doublings((3, *size), "generator/x")


def test_powers_of_two():
    check_powers_of_two((1, 16, 128), "generator/x")
    for height, width in ((8, 8), (48, 64), (28, 28)):
        with pytest.raises(FactError, match=f"powers of two and at least 16; got {height}×{width}"):
            check_powers_of_two((3, height, width), "generator/x")


def test_widths_double_up_to_a_bound():
    assert doubling_widths(64, 6) == [64, 128, 256, 512, 512, 512]
    assert doubling_widths(3, 3, most=2) == [3, 6, 6]


def test_progans_table_of_channels():
    assert [channels(stage, 8192, 512) for stage in range(1, 10)] == [
        512,
        512,
        512,
        512,
        256,
        128,
        64,
        32,
        16,
    ]
