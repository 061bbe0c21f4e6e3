"""Items of suites that stand in the training data."""

from collections.abc import Sequence

from evals.data.finding import EXAMPLES, Example, Finding, short
from evals.data.row import DataRow
from evals.leak import TrainingText, check_leaks
from evals.suite import Suite

__all__ = ["leakage"]


def leakage(rows: Sequence[DataRow], suites: Sequence[Suite]) -> list[Finding]:
    """Items of each suite that stand in the rows, by runs of 13 characters; the count is of items, not rows."""
    return [_leaked(rows, suite) for suite in suites]


def _leaked(rows: Sequence[DataRow], suite: Suite) -> Finding:
    # The row's place in all files stands for its number, so that it can be named.
    report = check_leaks(suite.probes, (TrainingText(row.file, place, row.compared) for place, row in enumerate(rows)))
    asked = {probe.id: probe.text for probe in suite.probes}
    examples = tuple(
        Example(rows[leak.row].place, short(f"{suite.settings.name} {leak.id}: {asked[leak.id]}"))
        for leak in report.leaked[:EXAMPLES]
    )
    return Finding("leakage", "error", len(report.leaked), examples, of=report.items)
