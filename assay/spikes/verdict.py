"""What the detectors say of a step."""

from typing import NamedTuple

__all__ = ["ACTIONS", "RULES", "Alarm", "Verdict"]

ACTIONS = ("commit", "amber", "skip", "rollback")
"""What may be done about a step, the mildest first. Amber commits it and asks a person to look."""

RULES = {"T0": "not a number", "T2": "stays high", "T1": "jump", "T3": "drifting", "P": "precursor"}
"""The rules in words, the most severe first."""


class Alarm(NamedTuple):
    """One rule that was met at one step."""

    step: int
    """The step."""

    series: str
    """`loss`, `grad_norm`, or the name of another signal."""

    rule: str
    """Key of `RULES`."""

    action: str
    """skip, rollback or amber."""

    value: float
    """What was measured; may be no number."""

    limit: float | None
    """What it was not to exceed, in the same unit; None where it only had to be a number."""

    says: str
    """One sentence for people, without a full stop: the rule in words, and with what the value was compared."""


class Verdict(NamedTuple):
    """What to do about a step."""

    action: str
    """`commit`, `skip` or `rollback`: the most severe of its alarms; amber ones commit."""

    alarms: tuple[Alarm, ...] = ()
    """The rules that were met."""

    @property
    def rule(self) -> str | None:
        """The rule that decided: the most severe one of the most severe action; None without alarms.

        >>> Verdict("commit").rule is None
        True
        """
        return min(self.alarms, key=severity).rule if self.alarms else None


COMMIT = Verdict("commit")
"""Nothing is wrong."""

_RULE_RANKS = {rule: rank for rank, rule in enumerate(RULES)}
_ACTION_RANKS = {action: -rank for rank, action in enumerate(ACTIONS)}


def severity(alarm: Alarm) -> tuple[int, int]:
    """Sorts alarms, the most severe first."""
    return _ACTION_RANKS[alarm.action], _RULE_RANKS[alarm.rule]


def verdict_of(alarms: list[Alarm]) -> Verdict:
    """The verdict that some alarms of one step come to."""
    if not alarms:
        return COMMIT
    action = max((alarm.action for alarm in alarms), key=ACTIONS.index)
    return Verdict("commit" if action == "amber" else action, tuple(alarms))
