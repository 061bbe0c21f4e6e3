"""The roll-up of metrics: one row a span of 512 steps, so that a long chart reads few rows for many values.

The first values of a branch for a later span close the ones before, which are written in the transaction that
inserts those values; what comes late for a closed span writes it anew. From a branch's first open span on values
are read raw, so that nothing is rewritten as long as a run goes forward. When a run ends, its last spans are closed.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import TypeAlias

from store.database import Snapshot, Transaction

__all__ = [
    "DISAGREEING", "SHIFT", "Touched", "close_spans", "open_spans", "open_spans_of", "put_spans", "rows_not_closed",
    "stretches",
]  # fmt: skip

SHIFT = 9
"""Binary logarithm of the steps a span; stored spans are of this width, so it never changes without a migration."""

MOST_RANGES = 8
"""Late values in more separate ranges of spans than this have everything between them written anew at once."""

Span: TypeAlias = int
Branch: TypeAlias = int


class Touched:
    """What values just inserted for one run fall into."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.spans: dict[Branch, set[Span]] = {}
        """By branch."""
        self.metrics: set[int] = set()
        """Ids of metrics."""

    def add(self, branches: Sequence[int], metric_ids: Sequence[int], steps: Sequence[int]) -> None:
        """Values by branch, metric and step."""
        for branch, spans in _spans_by_branch(branches, steps).items():
            self.spans.setdefault(branch, set()).update(spans)
        self.metrics.update(metric_ids)


def put_spans(transaction: Transaction, run_id: int, values: Touched, opened: Mapping[Branch, Span]) -> None:
    """Bring the roll-up of a run up to date with values just inserted; `opened` is what `open_spans` has of it."""
    for branch, touched in values.spans.items():
        own = {"run_id": run_id, "branch": branch, "shift": SHIFT}
        first_open, newest = opened.get(branch), max(touched)
        late = [] if first_open is None else sorted(span for span in touched if span < first_open)
        metrics = ", ".join(map(str, values.metrics)) if late else ""
        for first, last in _ranges(late):
            transaction.execute(_DELETE.format(**own, metrics=metrics, first=first, last=last))
            within = f"step >= {first << SHIFT} AND step < {(last + 1) << SHIFT}"
            transaction.execute(_WRITE.format(**own, which=f"metric_id IN ({metrics}) AND {within}"))
        if newest > (first_open or 0):
            begin = "" if first_open is None else f"step >= {first_open << SHIFT} AND "
            transaction.execute(_WRITE.format(**own, which=f"{begin}step < {newest << SHIFT}"))


def close_spans(transaction: Transaction, run_ids: Sequence[int]) -> None:
    """Close all spans of runs that have ended: no values are expected for them any more."""
    opened = open_spans_of(transaction, run_ids)
    branches = transaction.rows(_BRANCHES, {"run_ids": list(run_ids)})
    for row in branches:
        first = opened.get(row["run_id"], {}).get(row["branch"], 0)
        transaction.execute(_WRITE.format(**row, shift=SHIFT, which=f"step >= {first << SHIFT}"))


def _ranges(late: list[Span]) -> list[tuple[Span, Span]]:
    found = [(first, last) for _, first, last in stretches((0, span) for span in late)]
    return found if len(found) <= MOST_RANGES else [(late[0], late[-1])]


def open_spans(store: Snapshot, run_id: int) -> dict[Branch, Span]:
    """The first open span of each branch of a run that has closed ones, in order of branches."""
    return open_spans_of(store, [run_id]).get(run_id, {})


def open_spans_of(store: Snapshot, run_ids: Sequence[int]) -> dict[int, dict[Branch, Span]]:
    """The same of several runs, by their ids; those without closed ones are left out."""
    found: dict[int, dict[Branch, Span]] = {}
    if run_ids:
        listed = ", ".join(map(str, run_ids))
        for row in store.rows(_OPENED.format(run_ids=listed)):
            found.setdefault(row["run_id"], {})[row["branch"]] = row["span"]
    return found


def rows_not_closed(opened: dict[Branch, Span]) -> list[str]:
    """Conditions on the raw rows that the spans of a run do not stand for: each branch's from its first open span on
    (`opened`, in order of branches), and all of branches that have no closed one. No row fulfils two of them.

    >>> rows_not_closed({}), rows_not_closed({1: 4})
    (['true'], ['branch < 1', 'branch = 1 AND step >= 2048', 'branch > 1'])
    """
    found: list[str] = []
    before = None
    for branch, span in opened.items():
        if before is None:
            found.append(f"branch < {branch}")
        elif branch - before > 1:
            found.append(f"branch > {before} AND branch < {branch}")
        found.append(f"branch = {branch} AND step >= {span << SHIFT}")
        before = branch
    return [*found, "true" if before is None else f"branch > {before}"]


def _spans_by_branch(branches: Sequence[int], steps: Sequence[int]) -> dict[Branch, set[Span]]:
    different = set(branches)
    # Nearly always one branch: then no pair is made for each value.
    pairs = set(zip(branches, steps, strict=True)) if len(different) > 1 else zip(repeat(branches[0]), set(steps))
    found: dict[Branch, set[Span]] = {branch: set() for branch in different}
    for branch, step in pairs:
        found[branch].add(step >> SHIFT)
    return found


def stretches(closed: Iterable[tuple[Branch, Span]]) -> list[tuple[Branch, Span, Span]]:
    """Branch, first and last span of each stretch without a gap, of spans in order.

    >>> stretches([(1, 4), (1, 5), (1, 7), (2, 8)])
    [(1, 4, 5), (1, 7, 7), (2, 8, 8)]
    """
    found: list[tuple[Branch, Span, Span]] = []
    for branch, span in closed:
        if found and (branch, span) == (found[-1][0], found[-1][2] + 1):
            found[-1] = (branch, found[-1][1], span)
        else:
            found.append((branch, span, span))
    return found


_BRANCHES = "SELECT run_id, branch FROM branch WHERE list_contains($run_ids, run_id) ORDER BY ALL"

_OPENED = """
SELECT run_id, branch, max(span) + 1 AS span FROM metric_span WHERE run_id IN ({run_ids}) GROUP BY ALL ORDER BY ALL
"""

_DELETE = """
DELETE FROM metric_span
WHERE run_id = {run_id} AND branch = {branch} AND metric_id IN ({metrics}) AND span BETWEEN {first} AND {last}
"""

_WRITE = """
INSERT INTO metric_span
SELECT {run_id}, {branch}, metric_id, step >> {shift}, min(finite_step), max(finite_step), count(finite),
       min(finite), max(finite), arg_max(finite, finite_step), count(*) - count(finite), sum(finite)
FROM (
    SELECT *, CASE WHEN isfinite(value) THEN value END AS finite, CASE WHEN isfinite(value) THEN step END AS finite_step
    FROM metric WHERE run_id = {run_id} AND branch = {branch} AND {which}
)
GROUP BY metric_id, step >> {shift}
"""

DISAGREEING = f"""
WITH closed AS (
    SELECT run_id, branch, (max(span) + 1) * {1 << SHIFT} AS until, sum(n + odd) AS n FROM metric_span GROUP BY ALL
), held AS (
    SELECT m.run_id, m.branch, count(*) AS n
    FROM metric m JOIN closed c ON c.run_id = m.run_id AND c.branch = m.branch AND m.step < c.until GROUP BY ALL
)
SELECT run_id, branch FROM closed c LEFT JOIN held h USING (run_id, branch) WHERE c.n <> coalesce(h.n, 0)
ORDER BY ALL
"""
"""Finds the branches whose closed spans hold another number of values than the raw rows they stand for."""
