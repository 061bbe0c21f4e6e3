"""Figures, times and states as words; pure functions over the table of texts."""

import math
from datetime import datetime
from typing import Any

from dashboard.texts import TEXTS, Language, text
from store.runs import status_of

__all__ = [
    "STATUS_TONES", "ago", "count", "duration", "figure", "seconds_left", "size", "status_tone", "status_word", "where",
]  # fmt: skip

STATUS_TONES = {
    "queued": "quiet", "running": "good", "paused": "warn", "finished": "quiet", "failed": "bad", "lost": "warn",
}  # fmt: skip
"""Which colour goes with each status word."""

LONGEST = 1e9
"""From here on a figure is written with an exponent: of a gradient that blew up nobody reads forty digits."""


def figure(value: float | None) -> str:
    """A measured value in about four digits.

    >>> [figure(value) for value in (11840.4, 132.25, 1.03412, 0.0421, 9.87e-5, 0.0)]
    ['11,840', '132.2', '1.034', '0.0421', '9.87e-5', '0']
    >>> figure(0.00125), figure(123_456_789.0), figure(2.5e12), figure(-3.4e38)
    ('0.00125', '123,456,789', '2.5e12', '-3.4e38')
    >>> figure(None), figure(float("nan")), figure(float("-inf"))
    ('–', 'NaN', '-Inf')
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    size = abs(value)
    if size >= LONGEST:
        return _exponent(value)
    for least, digits in ((1000, 0), (100, 1), (1, 3)):
        if size >= least:
            return f"{value:,.{digits}f}"
    if size >= 0.001:
        return f"{value:.{4 if size >= 0.01 else 5}f}".rstrip("0")
    return "0" if size == 0 else _exponent(value)


def _exponent(value: float) -> str:
    digits, power = f"{value:.2e}".split("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"


def count(number: int) -> str:
    """A whole number with its thousands apart.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{number:,}"


def size(number: int | None) -> str:
    """Bytes in about three digits; powers of 1000, as file managers count.

    >>> [size(number) for number in (900, 13_451_368, 2_470_000_000, None)]
    ['900 B', '13.5 MB', '2.47 GB', '–']
    """
    if number is None:
        return "–"
    value, unit = float(number), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{number} B" if unit == "B" else f"{value:.3g} {unit}"


def duration(seconds: float, language: Language) -> str:
    """A span of time in one or two units.

    >>> duration(40, "en"), duration(372, "en"), duration(7500, "en"), duration(200000, "zh")
    ('40 s', '6 min', '2 h 5 min', '2 天 7 小时')
    """
    whole = max(0, round(seconds))
    if whole < 60:
        return text("seconds", language, n=whole)
    if whole < 3600:
        return text("minutes", language, n=whole // 60)
    if whole < 86400:
        return text("hours", language, n=whole // 3600, m=whole % 3600 // 60)
    return text("days", language, n=whole // 86400, m=whole % 86400 // 3600)


def ago(moment: datetime, now: datetime, language: Language) -> str:
    """How long ago something was.

    >>> ago(datetime(2026, 11, 23, 12, 0), datetime(2026, 11, 23, 12, 6), "en")
    '6 min ago'
    """
    return text("ago", language, time=duration((now - moment).total_seconds(), language))


def where(run: dict[str, Any], language: Language) -> str:
    """Which step a run has come to.

    >>> where({"last_step": 640, "total_steps": 1000}, "en"), where({"last_step": None, "total_steps": None}, "en")
    ('step 640 of 1,000', 'no step yet')
    """
    if run["last_step"] is None:
        return text("no_step", language)
    if run["total_steps"] is None:
        return text("step", language, step=count(run["last_step"]))
    return text("step_of", language, step=count(run["last_step"]), total=count(run["total_steps"]))


def seconds_left(run: dict[str, Any], now: datetime) -> float | None:
    """Time to the last planned step at the pace of the newest steps; None where nothing can be said."""
    needed = [run["total_steps"], run["last_step"], run["seconds_a_step"]]
    if None in needed or status_of(run, now) != "running":
        return None
    total, last, pace = needed
    return max(0.0, (total - last) * pace)


def status_word(run: dict[str, Any], now: datetime, language: Language) -> str:
    """The run's status in words, as of now."""
    key = f"status.{status_of(run, now)}"
    return text(key, language) if key in TEXTS else status_of(run, now)


def status_tone(run: dict[str, Any], now: datetime) -> str:
    """The colour that goes with it, by its name in `colors.Look`."""
    return STATUS_TONES.get(status_of(run, now), "quiet")
