"""The score of training data: 100 less what each finding costs."""

from collections.abc import Sequence

from evals.data.finding import Finding, Severity

__all__ = ["COSTS", "cost", "score_of"]

COSTS: dict[Severity, tuple[float, float]] = {"error": (4.0, 40.0), "warning": (0.5, 10.0), "info": (0.0, 0.0)}
"""Points for each percent of the rows that a finding concerns, and at most for one finding."""


def cost(finding: Finding, rows: int) -> float:
    """Points that a finding takes: by the share of the rows it concerns (of the items, where it counts those).

    >>> cost(Finding("mojibake", "error", 2), 100), cost(Finding("filler", "warning", 90), 100)
    (8.0, 10.0)
    """
    each, most = COSTS[finding.severity]
    among = rows if finding.of is None else finding.of
    return min(most, each * 100 * finding.count / among) if among else 0.0


def score_of(findings: Sequence[Finding], rows: int) -> float:
    """The score, 0 to 100, with one decimal.

    >>> score_of([Finding("filler", "warning", 19), Finding("refusals", "info", 3)], 100)
    90.5
    """
    return round(max(0.0, 100 - sum(cost(finding, rows) for finding in findings)), 1)
