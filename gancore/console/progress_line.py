"""The line of a training's progress, for a terminal of any width."""

from collections.abc import Mapping

NARROWEST, WIDEST = 6, 30
"""Characters of the bar."""
DAY = 86400


def progress_lines(
    width: int,
    *,
    done: int,
    total: int,
    left: float | None,
    rate: float | None = None,
    scalars: Mapping[str, float] | None = None,
    full: str = "━",
    empty: str = "╌",
) -> list[str]:
    """Bar, count and time left in a line, then the rate if it fits; the scalars that fit in a second line.

    `left` is in seconds; None while it is unknown. The bar gives way first.
    """
    done = min(max(done, 0), total)
    told = [f"{done}/{total}", "" if left is None else f"{span(max(0.0, left))} left"]
    if rate is not None and _length(told) + len(f" {rate:.0f}/s") + NARROWEST + 1 <= width:
        told.append(f"{rate:.0f}/s")
    told = [text for text in told if text]
    room = min(WIDEST, width - _length(told) - 1)
    bar = _bar(room, done, total, full, empty) if room >= NARROWEST else ""
    lines = [" ".join([*([bar] if bar else []), *told])[:width]]
    return [*lines, second] if (second := _fitting(scalars or {}, width)) else lines


def _length(told: list[str]) -> int:
    return sum(map(len, told)) + len(told)


def _bar(room: int, done: int, total: int, full: str, empty: str) -> str:
    filled = room * done // max(1, total)
    return full * filled + empty * (room - filled)


def _fitting(scalars: Mapping[str, float], width: int) -> str:
    line = ""
    for text in short(scalars):
        longer = f"{line}  {text}" if line else text
        if len(longer) > width:
            break
        line = longer
    return line


def short(scalars: Mapping[str, float]) -> list[str]:
    """Each scalar with its player as a letter: `g.adversarial 0.7`."""
    return [
        f"{name.rpartition('/')[0][:1] or ''}{'.' if '/' in name else ''}{name.rpartition('/')[2]} {v:.3g}"
        for name, v in scalars.items()
    ]


def span(seconds: float) -> str:
    """A length of time in words."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, rest_hours = divmod(hours, 24)
    if days:
        return f"{days} d {rest_hours} h"
    return (
        f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
    )


def long_note(left: float, images: int) -> str:
    """What to say about a training that takes more than a day; empty for a shorter one."""
    if left < DAY:
        return ""
    fewer = max(1, int(images * DAY / (2 * left)))
    return (
        f"this takes about {span(left)} more here; smaller: --images {fewer}, a smaller --size, "
        "or fewer channels, such as --set generator.channels_max=64 where there is such an option"
    )
