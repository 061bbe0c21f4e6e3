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

PHONE = {"name": 112, "status": 66, "progress": 72, "step": 60, "loss": 62}
"""Widths on a phone, so that what matters most is seen without a swipe; a longer name is cut."""

_ON_PHONES = sorted(WIDTHS, key=lambda name: (name == "star", name not in PHONE, name == "step"))

_WIDE = ("error", "notes", "tags", "name")
"""What takes the room that is left: the first one that is shown."""

Run = Mapping[str, Any]


def chosen_columns(rows: Sequence[Run], wanted: Sequence[str], *, phone: bool = False) -> list[str]:
    """The columns shown, in order: those that are wanted in any case, then as many telling ones as fit; on a phone,
    where the rest is a swipe away, the losses come before the step and the star last.

    >>> row = {"archived": False, "error": None, "tags": ["lora"], "notes": None, "project": "a", "best_step": None}
    >>> chosen_columns([row], ["project"])
    ['star', 'name', 'status', 'progress', 'step', 'loss', 'val_loss', 'project', 'tags', 'started', 'took']
    """
    widths = {**WIDTHS, "status": _status(rows)}
    shown = [*ALWAYS, *wanted]
    for name in _by_weight(rows):
        if name not in shown and _tells(rows, name) and _sum([*shown, name], widths) <= FIT:
            shown.append(name)
    return [name for name in (_ON_PHONES if phone else WIDTHS) if name in shown]


def column_widths(rows: Sequence[Run], shown: Sequence[str], *, phone: bool = False) -> dict[str, int]:
    """The width of each column that is shown; the room that is left goes to what is read as text."""
    widths = {name: WIDTHS[name] for name in shown}
    if phone:
        return widths | {name: width for name, width in PHONE.items() if name in widths}
    widths["status"] = _status(rows)
    widths[next(name for name in _WIDE if name in widths)] += max(0, FIT - _sum(shown, widths))
    return widths


def _by_weight(rows: Sequence[Run]) -> list[str]:
    """What is shown if it fits, the most telling first: the step of a run that does not say how far it goes, too."""
    if any(row.get("total_steps") is None and row.get("last_step") is not None for row in rows):
        return ["step", *_FIRST]
    return list(_FIRST)


def _status(rows: Sequence[Run]) -> int:
    return ARCHIVED if any(row["archived"] for row in rows) else WIDTHS["status"]


def _tells(rows: Sequence[Run], name: str) -> bool:
    """Whether a column holds anything; what every run has is not looked for."""
    if name == "progress":
        return any(row.get("total_steps", 1) for row in rows)
    return any(name not in row or row[name] not in (None, []) for row in rows)


def _sum(shown: Sequence[str], widths: Mapping[str, int]) -> int:
    return TICK + sum(widths[name] for name in shown)
