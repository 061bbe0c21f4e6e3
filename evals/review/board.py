"""The pairs of a campaign and who had them: which verdicts are still wanted, and which pair a grader gets next."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from evals.review.roster import Person
from store.database import Snapshot

__all__ = ["PACKED", "Board", "Lease", "Pair", "read_board"]

PACKED = 0
"""Stands for the sitting of a pair that was given out in a file; sittings are numbered from 1."""


class Pair(NamedTuple):
    """What counts of a pair before it is shown."""

    item: str
    """Its id."""

    place: int | None
    """Its place in the order; None for practice."""

    practice: bool
    """Whether it counts for nothing."""

    specialty: str
    """Its field."""

    overlap: bool
    """Whether it was drawn for a second grader."""

    planned: int
    """Verdicts wanted."""


class Lease(NamedTuple):
    """A pair put before a grader."""

    token: str
    """Its token."""

    item: str
    """The pair."""

    grader: int
    """Whom it was put before."""

    sitting: int
    """In which sitting."""

    number: int | None
    """Which of the grader's pairs it is; None for practice."""

    outcome: str | None
    """What became of it; None while it is open."""

    expires: datetime
    """Until when its place is kept."""

    @property
    def is_packed(self) -> bool:
        """Whether it is out in a file, and no page shows it."""
        return self.outcome is None and self.sitting == PACKED

    @property
    def gives_up(self) -> bool:
        """Whether it ended without a word of the grader, who can get the pair again."""
        return self.outcome in ("expired", "released")


class Board:
    """Pairs and leases of a campaign at one moment."""

    def __init__(self, pairs: Iterable[Pair], leases: Iterable[Lease], now: datetime) -> None:
        """A grader has one lease of an item at most."""
        self.pairs = list(pairs)
        """All pairs that are shown to somebody, practice first, then by their place."""
        self.now = now
        """The moment."""
        self._of_item: dict[str, list[Lease]] = defaultdict(list)
        self._of_grader: dict[int, dict[str, Lease]] = defaultdict(dict)
        for lease in leases:
            self._of_item[lease.item].append(lease)
            self._of_grader[lease.grader][lease.item] = lease

    def pair(self, item: str) -> Pair:
        """The pair of an id."""
        return next(pair for pair in self.pairs if pair.item == item)

    def lease(self, grader: int, item: str) -> Lease | None:
        """A grader's lease of an item, whatever became of it."""
        return self._of_grader[grader].get(item)

    def open_lease(self, grader: int) -> Lease | None:
        """The pair that is before a grader on the page."""
        mine = self._of_grader[grader].values()
        return next((lease for lease in mine if lease.outcome is None and not lease.is_packed), None)

    def dealt(self, grader: int) -> int:
        """How many pairs that count a grader was given."""
        return sum(lease.number is not None for lease in self._of_grader[grader].values())

    def done_in(self, grader: int, sitting: int) -> tuple[int, int]:
        """Pairs that count which a grader judged and skipped in a sitting."""
        mine = [one for one in self._of_grader[grader].values() if one.sitting == sitting and one.number is not None]
        return sum(one.outcome == "verdict" for one in mine), sum(one.outcome == "skipped" for one in mine)

    def was_shown(self, item: str) -> bool:
        """Whether anyone was given a pair."""
        return bool(self._of_item[item])

    def held(self, item: str, grader: int) -> int:
        """How many others have a pair before them, in time."""
        return sum(one.outcome is None and one.expires > self.now for one in self._others(item, grader))

    def given(self, item: str) -> int:
        """Verdicts on a pair."""
        return sum(one.outcome == "verdict" for one in self._of_item[item])

    def free(self, pair: Pair, grader: int) -> int:
        """Verdicts of a pair that neither are given nor kept for somebody else."""
        return pair.planned - self.given(pair.item) - self.held(pair.item, grader)

    def stale(self, item: str, grader: int) -> list[Lease]:
        """Others' leases of a pair that have run out, the oldest first."""
        found = [one for one in self._others(item, grader) if one.outcome is None and one.expires <= self.now]
        return sorted(found, key=lambda one: one.expires)

    def theirs(self, person: Person) -> list[Pair]:
        """Pairs that still want a verdict, and which a grader whose field fits has neither judged nor skipped."""
        return [
            pair
            for pair in self.pairs
            if person.fits(pair.specialty)
            and self._can_get(self.lease(person.user, pair.item))
            and (pair.practice or self.given(pair.item) < pair.planned)
        ]

    def choose(self, person: Person) -> Pair | Literal["done", "later"]:
        """The pair a grader gets next, or why there is none: practice, then the lowest place that is free.

        What another grader has before them at this moment comes last: the second verdict is for later.
        """
        theirs = self.theirs(person)
        practice = next((pair for pair in theirs if pair.practice), None)
        if practice is not None:
            return practice
        free = [pair for pair in theirs if self.free(pair, person.user) > 0]
        if not free:
            return "later" if theirs else "done"
        return next((pair for pair in free if not self.held(pair.item, person.user)), free[0])

    def _can_get(self, own: Lease | None) -> bool:
        """Whether a grader who has this lease of a pair can get it (again): not what a file still keeps for them."""
        if own is None or own.gives_up:
            return True
        return own.outcome is None and not (own.is_packed and own.expires > self.now)

    def _others(self, item: str, grader: int) -> list[Lease]:
        return [one for one in self._of_item[item] if one.grader != grader]


def read_board(snapshot: Snapshot, campaign: int, now: datetime) -> Board:
    """A campaign's pairs and leases."""
    pairs = [Pair(**row) for row in snapshot.rows(_PAIRS, {"campaign": campaign})]
    leases = [Lease(**row) for row in snapshot.rows(_LEASES, {"campaign": campaign})]
    return Board(pairs, leases, now)


_PAIRS = """
SELECT item, place, state = 'practice' AS practice, specialty, overlap, planned FROM pair
WHERE campaign_id = $campaign AND (state = 'practice' OR (state = 'asked' AND place IS NOT NULL))
ORDER BY practice DESC, place, item
"""

_LEASES = "SELECT token, item, grader, sitting, number, outcome, expires FROM lease WHERE campaign_id = $campaign"
