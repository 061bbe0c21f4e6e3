"""Numbers as logs spell them."""

import math
from datetime import UTC, datetime

__all__ = ["MOST_STEPS", "as_moment", "as_step", "as_value", "is_missing", "why_no_step"]

MOST_STEPS = 2**62
"""Steps lie below this."""

_EARLIEST, _LATEST = 946_684_800.0, 7_258_118_400.0
"""2000 and 2200: what lies outside is no time of a log."""


def as_value(cell: object) -> float | None:
    """Read a cell as a number; None where it is none, as an empty cell is.

    >>> [as_value(cell) for cell in ("2.5", " NaN ", "-inf", 3, "", "10%", True, "1_0")]
    [2.5, nan, -inf, 3.0, None, None, None, None]
    """
    if isinstance(cell, str):
        if "_" in cell:
            return None
    elif isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return None


def as_step(cell: object) -> int | None:
    """Read a cell as a step: a whole number from 0 up, however it is spelled.

    >>> [as_step(cell) for cell in ("7", "7.0", 7, "12/94", "7.5", -1, "nan", "step")]
    [7, 7, 7, 12, None, None, None, None]
    """
    if isinstance(cell, str):
        # Nearly every cell of a long log: what a number is at all need not be asked.
        if len(cell) < 19 and cell.isascii() and cell.isdigit():
            return int(cell)
        cell = cell.split("/", 1)[0]
    number = as_value(cell)
    if number is None or not math.isfinite(number) or number != int(number):
        return None
    return int(number) if 0 <= number < MOST_STEPS else None


def why_no_step(cell: object) -> str:
    """What is wrong with a cell that `as_step` cannot read, for people.

    >>> [why_no_step(cell) for cell in ("", "7.5", -1, "soon")]
    ['no step', 'step 7.5 is no whole number', 'step -1 is below 0', "'soon'"]
    """
    if is_missing(cell):
        return "no step"
    number = as_value(cell)
    if number is None or not math.isfinite(number):
        return f"{cell!r:.40}"
    if number < 0:
        return f"step {number:g} is below 0"
    return f"step {number:g} is {'no whole number' if number != int(number) else 'too large'}"


_MISSING = frozenset({"", "-", "--", "?", "na", "n/a", "<na>", "none", "null", "nil"})


def is_missing(cell: object) -> bool:
    """Whether a cell is empty, or says in words that there is nothing.

    >>> [is_missing(cell) for cell in (None, " ", "N/A", "nan", "2,5")]
    [True, True, True, False, False]
    """
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in _MISSING)


def as_moment(cell: object) -> float | None:
    """Read a cell as a time: seconds or milliseconds since 1970, or ISO 8601 (UTC where it names no zone).

    >>> [as_moment(cell) for cell in (1.7e9, "1700000000000", "2026-01-02T00:00:00", 12.5, "soon")]
    [1700000000.0, 1700000000.0, 1767312000.0, None, None]
    """
    number = as_value(cell)
    if number is None:
        number = _iso(cell) if isinstance(cell, str) else None
    if number is None:
        return None
    seconds = number / 1000 if number > _LATEST else number
    return seconds if _EARLIEST < seconds < _LATEST else None


def _iso(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
