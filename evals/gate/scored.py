"""What suites say of a candidate: gains over what its run began with and over what is live, and what it forgot.

Items that stand in the training data are left out. Items weigh the same: of a metric on texts the mean over them is
compared, with a seeded bootstrap; of choice questions the share of right answers, with Tango's score interval.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from evals.forgetting.paired import Answer, compare
from evals.gate.asked import Asked, asked, asked_instead
from store.database import Snapshot
from store.places import Place

__all__ = ["forgetting", "scores"]

RESAMPLES = 2000

AT_ONCE = 1 << 20
"""Most items drawn at once; one resample after the other takes forty times as long."""

Row = dict[str, Any]


class _Suite(NamedTuple):
    """One suite and what was made of it."""

    name: str
    sha256: str
    kind: str
    metric: str
    scorer: str
    leak: str
    ours: dict[str, Row]
    base: dict[str, Row] | None
    live: dict[str, Row] | None
    instead: dict[str, list[Row]]


def scores(snapshot: Snapshot, place: Place, live: str | None) -> list[dict[str, Any]]:
    """Each suite that measures what was to be learned: n, leaked, value, and the differences to base and to `live`.

    `instead` lists suites of the same name that these two were asked and the candidate was not: sha256, n.
    """
    return [
        {
            **_facts(suite), "value": _mean(_clean(suite.ours).values(), suite.metric),
            "over_base": _difference(suite, suite.base), "over_live": _difference(suite, suite.live) if live else None,
        }
        for suite in _suites(snapshot, place, live, "learned")
    ]  # fmt: skip


def forgetting(snapshot: Snapshot, place: Place) -> list[dict[str, Any]]:
    """Each suite of choice questions that measures what is to be kept: n, leaked, and the drop with its bounds."""
    return [
        {**_facts(suite), "drop": _drop(suite)}
        for suite in _suites(snapshot, place, None, "kept")
        if suite.metric == "acc"
    ]


def _suites(snapshot: Snapshot, place: Place, live: str | None, measures: str) -> list[_Suite]:
    return [_suite(snapshot, one, live) for one in asked(snapshot, place.sha256, measures)]


def _suite(snapshot: Snapshot, one: Asked, live: str | None) -> _Suite:
    named = one.data.get("settings", {}).get("metrics") or ()
    first = next((str(name).rpartition("/")[2].rpartition(":")[2] for name in named), "")
    ours, others = _items(snapshot, one.id), {"base": one.base, "live": live}
    return _Suite(
        one.suite, one.suite_sha256, one.kind, "acc" if one.kind == "choice" else first or _any_metric(ours),
        one.scorer, str(one.data.get("leak", {}).get("status", "unchecked")), ours,
        _of_other(snapshot, one, one.base), _of_other(snapshot, one, live),
        {who: asked_instead(snapshot, other, one.suite, one.suite_sha256) for who, other in others.items()},
    )  # fmt: skip


def _of_other(snapshot: Snapshot, one: Asked, artifact: str | None) -> dict[str, Row] | None:
    """What another model made of the same suite; None where it was not asked."""
    values = {"artifact": artifact, "suite_sha256": one.suite_sha256, "scorer": one.scorer}
    found = snapshot.rows(_SAME, values)
    return _items(snapshot, found[0]["id"]) if found else None


def _items(snapshot: Snapshot, number: int) -> dict[str, Row]:
    return {row["item"]: row for row in snapshot.rows(_ITEMS, {"id": number})}


def _any_metric(items: Mapping[str, Row]) -> str:
    return min((name for row in items.values() for name in _scores(row)), default="")


def _facts(suite: _Suite) -> dict[str, Any]:
    return {
        "suite": suite.name, "sha256": suite.sha256, "metric": suite.metric, "scorer": suite.scorer,
        "n": len(suite.ours), "leaked": sum(row["leaked"] for row in suite.ours.values()), "leak": suite.leak,
        "instead": suite.instead,
    }  # fmt: skip


def _clean(items: Mapping[str, Row]) -> dict[str, Row]:
    return {name: row for name, row in items.items() if not row["leaked"]}


def _shared(suite: _Suite, other: Mapping[str, Row]) -> list[tuple[Row, Row]]:
    return [(row, other[name]) for name, row in _clean(suite.ours).items() if name in other]


def _scores(row: Row) -> dict[str, Any]:
    return json.loads(row["scores"] or "{}")


def _value(row: Row, metric: str) -> float | None:
    """Points of one item, 0 to 100."""
    if metric == "acc":
        return None if row["correct"] is None else 100.0 * row["correct"]
    value = _scores(row).get(metric)
    return float(value) if isinstance(value, int | float) else None


def _mean(rows: Iterable[Row], metric: str) -> float | None:
    found = [value for row in rows if (value := _value(row, metric)) is not None]
    return float(np.mean(found)) if found else None


def _difference(suite: _Suite, other: Mapping[str, Row] | None) -> dict[str, Any] | None:
    """Points that the candidate is above another, with its 95 % interval; None where that cannot be said."""
    if other is None:
        return None
    both = [(_value(one, suite.metric), _value(two, suite.metric)) for one, two in _shared(suite, other)]
    known = [(one, two) for one, two in both if one is not None and two is not None]
    if not known:
        return {"n": 0}
    if suite.metric == "acc":
        found = _compared(suite, other)
        return {"n": found.n, "value": -100 * found.drop, "low": -100 * found.drop_high, "high": -100 * found.drop_low}
    return {"n": len(known), **_resampled([one - two for one, two in known])}


def _resampled(gaps: Sequence[float]) -> dict[str, float]:
    values, draw = np.asarray(gaps), np.random.default_rng(0)
    items, many = len(values), max(1, AT_ONCE // len(values))
    sizes = [(min(many, RESAMPLES - done), items) for done in range(0, RESAMPLES, many)]
    means = np.concatenate([values[draw.integers(0, items, size)].mean(axis=1) for size in sizes])
    low, high = np.quantile(means, [0.025, 0.975])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def _drop(suite: _Suite) -> dict[str, Any] | None:
    if suite.base is None:
        return None
    if not _shared(suite, suite.base):
        return {"n": 0}
    found = _compared(suite, suite.base)
    return {
        "n": found.n, "value": found.drop, "low": found.drop_low, "high": found.drop_high, "bound": found.bound,
        "mid_p": found.mid_p, "lost": len(found.lost), "gained": len(found.gained),
    }  # fmt: skip


def _compared(suite: _Suite, other: Mapping[str, Row]) -> Any:
    both = _shared(suite, other)
    return compare([_answer(two) for _, two in both], [_answer(one) for one, _ in both])


def _answer(row: Row) -> Answer:
    return Answer(row["item"], bool(row["correct"]))


_SAME = """
SELECT id FROM eval_run WHERE artifact = $artifact AND suite_sha256 = $suite_sha256 AND scorer = $scorer
ORDER BY created DESC, key LIMIT 1
"""

_ITEMS = """
SELECT item, correct, leaked, CAST(scores AS VARCHAR) AS scores FROM item_result WHERE eval_id = $id ORDER BY item
"""
