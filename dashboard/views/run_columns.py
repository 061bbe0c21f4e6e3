"""Which columns the table of runs shows: what says something about its rows, as many as fit beside each other.

Widths are in pixels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["CHOICE", "FIT", "chosen_columns", "column_widths"]

FIT = 1216
"""Width of the table on a page 1280 wide, without its frame."""

TICK = 36
"""Width of the column of ticks, which is always there."""

WIDTHS = {
    "star": 52, "name": 170, "status": 86, "progress": 100, "step": 76, "loss": 76, "val_loss": 112, "best_step": 124,
    "error": 150, "project": 100, "tags": 120, "notes": 130, "started": 132, "took": 86,
}  # fmt: skip
"""Every column with the least width it is legible in, in the order they are shown."""

ARCHIVED = 140
"""Width of the status where it also says that a run is archived."""

ALWAYS = ("star", "name", "status")

CHOICE = tuple(name for name in WIDTHS if name not in ALWAYS)
"""Columns that one can choose."""

_FIRST = ("progress", "loss", "val_loss", "error", "best_step", "started", "tags", "took", "step", "notes", "project")
"""Those nobody chose, the most telling first."""

_WIDE = ("error", "notes", "tags", "name")
"""What takes the room that is left: the first one that is shown."""

Run = Mapping[str, Any]


def chosen_columns(rows: Sequence[Run], wanted: Sequence[str]) -> list[str]:
    """The columns shown, in order: those that are wanted in any case, then as many telling ones as fit.

    >>> row = {"archived": False, "error": None, "tags": ["lora"], "notes": None, "project": "a", "best_step": None}
    >>> chosen_columns([row], ["project"])
    ['star', 'name', 'status', 'progress', 'step', 'loss', 'val_loss', 'project', 'tags', 'started', 'took']
    """
    widths = {**WIDTHS, "status": _status(rows)}
    shown = [*ALWAYS, *wanted]
    for name in _FIRST:
        if name not in shown and _tells(rows, name) and _sum([*shown, name], widths) <= FIT:
            shown.append(name)
    return [name for name in WIDTHS if name in shown]


def column_widths(rows: Sequence[Run], shown: Sequence[str]) -> dict[str, int]:
    """The width of each column that is shown; the room that is left goes to what is read as text."""
    widths = {name: WIDTHS[name] for name in shown}
    widths["status"] = _status(rows)
    widths[next(name for name in _WIDE if name in widths)] += max(0, FIT - _sum(shown, widths))
    return widths


def _status(rows: Sequence[Run]) -> int:
    return ARCHIVED if any(row["archived"] for row in rows) else WIDTHS["status"]


def _tells(rows: Sequence[Run], name: str) -> bool:
    """Whether a column holds anything; what every run has is not looked for."""
    return any(name not in row or row[name] not in (None, []) for row in rows)


def _sum(shown: Sequence[str], widths: Mapping[str, int]) -> int:
    return TICK + sum(widths[name] for name in shown)
