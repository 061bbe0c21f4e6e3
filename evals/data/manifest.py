"""What a build says of itself: what it read, what it dropped and changed and why, what it wrote."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from assay.version import VERSION

__all__ = ["CHANGED", "DROPPED", "Manifest", "PlaceOf", "reasons"]

DROPPED = {
    "empty-answer": "no answer is left to learn",
    "empty-question": "nothing is asked before the answer",
    "template-inside": "a template's tokens stand between its words, so that one turn holds several",
    "exact-duplicate": "the same words stand in an earlier row",
    "near-duplicate": "nearly the same words stand in an earlier row",
    "surplus-of-subtask": "its subtask has more rows than it may have",
}
"""Why a row is not in the data, in the order in which it is looked at."""

CHANGED = {
    "template": "a template's tokens or labels, or a system turn",
    "characters": "characters that cannot be seen, markup, line ends, white space around the words",
    "filler": "greetings, thanks, good wishes, hesitations",
    "personal": "personal data, which was masked",
    "unanswered-turn": "turns after the last answer",
    "history": "exchanges before the last question, which were left out",
}
"""What was changed in a row that is in the data."""

MANY = 1 / 3
"""Share of the rows above which so many are dropped that a person is to look at them."""

PlaceOf: TypeAlias = tuple[str, int]
"""A file's name and a row there, counted from 1."""


@dataclass
class Manifest:
    """A build's account; it has no time and no place in it, so that the same build has the same."""

    options: dict[str, Any]
    """What was asked for."""

    inputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The files that were read: name, digest, rows, encoding, format."""

    outputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The files that were written: name, digest, rows, and whether they are to train on or to validate with."""

    dropped: dict[str, list[PlaceOf]] = field(default_factory=dict[str, list[PlaceOf]])
    """Rows that are not in the data, by why."""

    changed: dict[str, list[PlaceOf]] = field(default_factory=dict[str, list[PlaceOf]])
    """Rows that are, otherwise than they were, by what was changed."""

    subtasks: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """Rows of each subtask before and after."""

    notes: list[str] = field(default_factory=list[str])
    """What could not be done, in sentences."""

    @property
    def many_dropped(self) -> str | None:
        """That more than a third of the rows are dropped, and mostly why; None where fewer are."""
        read = sum(file["rows"] for file in self.inputs)
        counts = {why: len(places) for why, places in self.dropped.items()}
        if sum(counts.values()) <= MANY * read:
            return None
        most = max(counts, key=lambda why: counts[why])
        return (
            f"{sum(counts.values()):,} of {read:,} rows were dropped, {counts[most]:,} of them as {most}; look at some "
            f"of them, which the manifest names, before you train on the rest"
        )

    def as_dict(self) -> dict[str, Any]:
        """The account as it is written."""
        return {
            "format": 1,
            "assay": VERSION,
            "options": self.options,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "dropped": reasons(self.dropped, DROPPED),
            "changed": reasons(self.changed, CHANGED),
            "subtasks": self.subtasks,
            "notes": self.notes,
        }


def reasons(places: dict[str, list[PlaceOf]], known: dict[str, str]) -> dict[str, Any]:
    """Rows by reason as they are written: why, how many, and which of each file; reasons of no row are left out."""
    given = [(name, words) for name, words in known.items() if places.get(name)]
    return {name: {"why": words, "count": len(places[name]), "rows": _by_file(places[name])} for name, words in given}


def _by_file(places: Iterable[PlaceOf]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for file, row in places:
        rows.setdefault(file, []).append(row)
    return rows
