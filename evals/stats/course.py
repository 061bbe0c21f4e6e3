"""A campaign as it went: the evidence after each item, and where it was over.

A claim that reached its threshold once has been shown, even if the evidence falls again: Ville's inequality speaks of
the largest value ever. So decisions go by the largest so far, while the line that is drawn shows the evidence itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from evals.stats.critical import shown_above
from evals.stats.decision import Decision, Evidence, Rules, decide, is_over
from evals.stats.evidence import EProcess

__all__ = ["Course", "Judged", "Look", "follow"]

_NOTHING = Evidence(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Judged:
    """An item of the completed prefix."""

    score: float
    """Overall, 0 to 1."""

    criteria: Mapping[str, float] = field(default_factory=dict[str, float])
    """The same by criterion; one that nobody judged is left out."""

    critical: bool = False
    """Whether the candidate made a critical error."""


class Look(NamedTuple):
    """What was known after an item."""

    n: int
    """Items so far."""

    evidence: Evidence
    """Of the overall verdicts, at this look."""

    decision: Decision
    """By the largest evidence so far."""


@dataclass(frozen=True, slots=True)
class Course:
    """A campaign's looks, and its end."""

    looks: tuple[Look, ...]
    """One an item, also after the end."""

    ended: Look | None
    """The first look at which more verdicts were pointless; None while they are not."""

    @property
    def decision(self) -> Decision:
        """What was decided at the end, else what is known by now; what came after the end changes nothing."""
        if self.ended is not None:
            return self.ended.decision
        return self.looks[-1].decision if self.looks else "continue"


def follow(
    items: Iterable[Judged], rules: Rules, *, criteria: Sequence[str] = (), critical_limit: float | None = None
) -> Course:
    """Look after every item of the completed prefix, in its order.

    `criteria` are those that must not be worse, `critical_limit` is the share of items with a critical error of the
    candidate that is put up with.

    >>> course = follow([Judged(1.0)] * 12, Rules())
    >>> course.decision, course.ended.n
    ('superior', 11)
    >>> course = follow([Judged(1.0)] * 12, Rules(least=59))
    >>> course.decision, course.ended
    ('superior', None)
    """
    looks: list[Look] = []
    ended: Look | None = None
    for look, over in _looks(items, rules, criteria, critical_limit):
        looks.append(look)
        ended = look if over and ended is None else ended
    return Course(tuple(looks), ended)


def _looks(
    items: Iterable[Judged], rules: Rules, criteria: Sequence[str], critical_limit: float | None
) -> Iterator[tuple[Look, bool]]:
    overall, parts = _Growing(rules), {name: _Growing(rules) for name in criteria}
    errors, critical = 0, False
    for n, item in enumerate(items, 1):
        overall.add(item.score)
        for name, part in parts.items():
            if name in item.criteria:
                part.add(item.criteria[name])
        errors += item.critical
        critical = critical or (critical_limit is not None and shown_above(errors, n, critical_limit, rules.alpha))
        capped = n >= rules.cap
        said = decide(
            overall.most, rules, capped=capped, criteria=[part.most for part in parts.values()], critical=critical
        )
        yield Look(n, overall.now, said), is_over(said, overall.most, rules, n=n)


class _Growing:
    """The four e-processes of one kind of verdict."""

    def __init__(self, rules: Rules) -> None:
        self._towards = EProcess(0.5), EProcess(rules.allowed_theta)
        self._against = EProcess(1 - rules.allowed_theta), EProcess(1 - rules.futile_theta)
        self.now = _NOTHING
        self.most = _NOTHING

    def add(self, score: float) -> None:
        """Take in an item's score."""
        logs = [process.add(score) for process in self._towards] + [process.add(1 - score) for process in self._against]
        self.now = Evidence(*logs)
        self.most = Evidence(*map(max, self.most, self.now))
