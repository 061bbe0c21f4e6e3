"""The ladder: what is tried, in which order, when a spike does not pass, and what that says of its cause.

    control     the same samples from the same checkpoint, nothing changed: does it come back at all?
    leave-out   the samples from the checkpoint to behind the spike are not trained on
    slower      and the learning rate is halved and rises again
    remedies    and whatever `[guard.remedies]` declares

Each rung is a branch. A spike that begins before the last one is over is the same one, and the next rung
is taken; a later one is new. That a spike is gone after a rollback says nothing of its cause by itself
(arithmetic whose order is not fixed may miss it by luck), hence the control.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from trainer.config import GuardConfig, RemediesConfig
from trainer.remedies import Remedies

__all__ = ["RUNGS", "Episode", "cause", "cause_told", "next_rung", "remedies_for"]

RUNGS = ("control", "leave-out", "slower", "remedies")


@dataclass(frozen=True)
class Episode:
    """One spike that did not pass, and what was done about it so far."""

    rule: str
    """The rule that decided to go back."""

    onset: int
    """Step it began at, the first time."""

    alarm: int
    """Step of its first alarm; the latest one of all tries."""

    over_after: int
    """Step behind which it counts as over."""

    target: int
    """Step that was gone back to."""

    decided: int = 0
    """Step at which going back was decided; the latest one of all tries."""

    before: dict[str, Any] = field(default_factory=dict[str, Any])
    """Remedies that were in effect when it began."""

    tries: int = 0
    """Rollbacks; the control is not counted."""

    exact: bool | None = None
    """Whether the control came to the same numbers, to the bit; None while that is not known."""

    given_up: bool = False
    """Whether nothing more is tried."""

    @property
    def rung(self) -> str:
        """What is being tried."""
        return RUNGS[min(self.tries, len(RUNGS) - 1)]

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Self | None:
        """The episode as a checkpoint or a branch keeps it."""
        return cls(**kept) if kept else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def again(self, *, alarm: int, decided: int, over_after: int, target: int) -> Self:
        """The same spike, as the next rung is taken."""
        return replace(
            self, alarm=max(alarm, self.alarm), decided=max(decided, self.decided),
            over_after=max(over_after, self.over_after), target=target, tries=self.tries + 1,
        )  # fmt: skip


def next_rung(episode: Episode | None, config: GuardConfig, rollbacks: int) -> str | None:
    """What to try next; None where more would be more than was allowed. `rollbacks` are those of the run.

    >>> next_rung(None, GuardConfig(), 0), next_rung(None, GuardConfig(rollbacks=0), 0)
    ('control', None)
    """
    tries = -1 if episode is None else episode.tries
    if tries >= config.rollbacks or config.rollbacks == 0 or rollbacks >= config.rollbacks_in_run:
        return None
    # What is allowed beyond the last rung repeats it: a rate halved once more.
    return RUNGS[min(tries + 1, len(RUNGS) - 1)]


def remedies_for(episode: Episode, guard: GuardConfig, declared: RemediesConfig) -> Remedies:
    """What the rung of an episode changes, added to what was in effect when it began."""
    before = Remedies.of(episode.before)
    if episode.rung == "control":
        return before
    last = max(episode.alarm + guard.skip_after, episode.decided)
    changed = before.leaving_out(episode.target + 1, last)
    if episode.rung == "leave-out":
        return changed
    # On the rung of the remedies it is made smaller once; with each try beyond it, once more.
    changed = changed.slower(declared, after=last, times=max(1, episode.tries - 2))
    return changed if episode.rung == "slower" else changed.with_all(declared)


def cause(episode: Episode) -> str:
    """What the tries have shown once the spike is over: non-finite, not-reproducible, batch-linked or state-linked."""
    if episode.rule == "T0":
        return "non-finite"
    return {"control": "not-reproducible", "leave-out": "batch-linked"}.get(episode.rung, "state-linked")


def cause_told(episode: Episode) -> str:
    """The same in a sentence; never that data is bad, for no test here can show that."""
    return {
        "control": "done again unchanged it did not come back: data and state alone do not make it (the machine, or "
        "arithmetic whose order is not fixed, has its part)",
        "leave-out": f"{_repeated(episode)}without the samples around it it did not: it is linked to these samples "
        "in this state",
        "slower": f"{_repeated(episode)}it came back with other samples too, and not with half the learning rate: it "
        "is linked to the state of the weights",
        "remedies": f"{_repeated(episode)}it came back with other samples and with half the learning rate: it is "
        "linked to the state of the weights, and the declared remedies ended it",
    }[episode.rung]


def _repeated(episode: Episode) -> str:
    how = "bit for bit, " if episode.exact else ""
    return f"done again unchanged it came back, {how}and "
