import math

from gancore.pictures.curves import Curve, curves, grouped


def report(images, seconds=None, **scalars):
    return {
        "step": images,
        "images": images,
        "seconds": float(images if seconds is None else seconds),
        "scalars": scalars,
    }


def test_a_slash_names_the_player():
    lines = [
        report(10, **{"generator/adversarial": 1.0, "epoch": 0.5}),
        {"event": "checkpoint"},
        report(20, **{"generator/adversarial": 2.0}),
    ]
    found = curves(lines)
    assert found[0] == Curve("generator", "adversarial", [10, 20], [1.0, 2.0])
    assert found[1] == Curve("run", "epoch", [10], [0.5])


def test_speed_is_images_over_seconds():
    speed = curves([report(0, 0), report(100, 2), report(150, 1), report(250, 6)])[-1]
    assert speed == Curve("run", "images per second", [100, 250], [50.0, 20.0])


def test_nothing_logged_makes_no_curve():
    assert curves([{"event": "started"}]) == []


def test_long_curves_are_means_over_neighbors():
    (curve, _) = curves([report(n, value=float(n)) for n in range(10)], points=4)
    assert curve == Curve("run", "value", [1, 4, 7, 9], [1.0, 4.0, 7.0, 9.0])


def test_a_value_that_is_not_finite_shows_through():
    (curve, _) = curves([report(n, value=math.nan if n == 4 else 1.0) for n in range(10)], points=5)
    assert [math.isnan(value) for value in curve.values] == [False, False, True, False, False]


def test_what_belongs_to_no_player_comes_last():
    groups = grouped(
        [
            Curve("run", "epoch"),
            Curve("discriminator", "r1"),
            Curve("generator", "a"),
            Curve("discriminator", "a"),
        ]
    )
    assert {player: [curve.term for curve in group] for player, group in groups.items()} == {
        "discriminator": ["r1", "a"],
        "generator": ["a"],
        "run": ["epoch"],
    }
    assert list(groups)[-1] == "run"
