"""What the gate takes and gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from evals.gate.words import SAYS

__all__ = ["Check", "Decision", "Evidence", "Result", "decision_of"]

Evidence: TypeAlias = Mapping[str, Any]
"""All that a release is decided on, as plain JSON; `evidence.gather` makes it, docs/design/0017 lists its parts."""

Result: TypeAlias = Literal["pass", "fail", "inconclusive", "missing"]

Decision: TypeAlias = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that evidence must show."""

    name: str
    """Which, such as `stable` or `forgetting/general`."""

    value: Any
    """What was found: a number, a word, or None for nothing."""

    limit: Any
    """What is asked for; None where the check has no limit."""

    result: Result
    """missing counts as fail: what is not known is not shown."""

    sentence: str
    """Which sentence says so, a key of `words.SAYS`."""

    words: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What is put into it."""

    @property
    def says(self) -> str:
        """The sentence, in English."""
        return SAYS[self.sentence].format(**self.words)

    def as_dict(self) -> dict[str, Any]:
        """As `assay gate check --json` has it."""
        return {
            "name": self.name, "value": self.value, "limit": self.limit, "result": self.result, "says": self.says,
        }  # fmt: skip


def decision_of(checks: Sequence[Check]) -> Decision:
    """The weakest check decides; without any check nothing passes."""
    found = {check.result for check in checks}
    if not checks or found & {"fail", "missing"}:
        return "fail"
    return "inconclusive" if "inconclusive" in found else "pass"
