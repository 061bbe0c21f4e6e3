"""What runs that are compared came to: scores and forgetting at the suites they share, and what they cost.

Of each run one checkpoint speaks at a suite: the best one where it was asked, else the newest one of the active path.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from store.database import Store

__all__ = ["Weighed", "weigh"]

Row: TypeAlias = dict[str, Any]

KEPT = "acc"
"""The score by which what was kept is judged where a suite has it."""


class Weighed(NamedTuple):
    """What the runs came to; everything by the name of the run, None where it is not known."""

    scores: list[Row]
    """A row a suite that two runs were asked or more, and metric of it: suite, suite_sha256, measures (learned or
    kept), metric, main (whether the suite is judged by it), runs: branch, step, value, low, high, n, leaked (items
    that stand in the run's training data)."""

    forgetting: list[Row]
    """A row a suite of what should be kept: suite, suite_sha256, metric, runs: branch, step, change, low, high (the
    difference to what the run began with, in the metric's unit), n, leaked, lost and gained (questions)."""

    cost: dict[str, Row]
    """tokens and tokens_per_s (read on the active path; the median), memory_bytes (the peak), trained and parameters,
    checkpoint_step and checkpoint_bytes (of the best one, else of the newest)."""


def weigh(store: Store, rows: Sequence[Row], best: Mapping[int, int]) -> Weighed:
    """Weigh runs by their rows of `run`; `best` has the step of each one's best checkpoint. Raises StoreError."""
    names = {row["id"]: row["name"] for row in rows}
    chosen = _shared(_chosen(store.rows(_ASKED, {"ids": list(names)}), best))
    values = {"evals": [row["id"] for row in chosen]}
    scores = store.rows(_SCORES, values) if chosen else []
    changed = {row["id"]: row for row in store.rows(_CHANGED, values)} if chosen else {}
    return Weighed(
        [line for suite in _suites(chosen) for line in _scores(suite, scores, names)],
        [line for suite in _suites(chosen) if (line := _forgetting(suite, scores, changed, names))],
        _cost(store, rows, best),
    )


def _chosen(asked: list[Row], best: Mapping[int, int]) -> list[Row]:
    """Of each run the evaluation that speaks at each suite, in the order in which suites are listed."""
    found: dict[tuple[int, str], Row] = {}
    for row in asked:
        key = (row["run_id"], row["suite_sha256"])
        if key not in found or _rank(row, best) > _rank(found[key], best):
            found[key] = row
    return list(found.values())


def _rank(row: Row, best: Mapping[int, int]) -> tuple[bool, int, int]:
    return row["step"] == best.get(row["run_id"]), row["step"], row["id"]


def _shared(chosen: list[Row]) -> list[Row]:
    runs = [row["suite_sha256"] for row in chosen]
    return [row for row in chosen if runs.count(row["suite_sha256"]) > 1]


def _suites(chosen: list[Row]) -> list[list[Row]]:
    digests = dict.fromkeys(row["suite_sha256"] for row in chosen)
    return [[row for row in chosen if row["suite_sha256"] == digest] for digest in digests]


def _scores(suite: list[Row], scores: list[Row], names: Mapping[int, str]) -> list[Row]:
    own = {row["id"] for row in suite}
    found = {(row["eval_id"], row["metric"]): row for row in scores if row["eval_id"] in own and row["versus"] is None}
    metrics = list(dict.fromkeys(metric for _, metric in found))
    main = _main(suite, metrics)
    return [
        {
            **_named(suite), "measures": suite[0]["measures"], "metric": metric, "main": metric == main,
            "runs": _by_run(suite, names, {row["id"]: found.get((row["id"], metric)) for row in suite}),
        }
        for metric in sorted(metrics, key=lambda metric: metric != main)
    ]  # fmt: skip


def _main(suite: list[Row], metrics: list[str]) -> str | None:
    """The metric by which a suite is judged: the first that its newest evaluation names, of those there are."""
    settings: Any = json.loads(max(suite, key=lambda row: row["id"])["settings"] or "{}")
    named: Any = cast("Row", settings).get("metrics") if isinstance(settings, dict) else None
    wanted = [str(name).rpartition("/")[2] for name in cast("list[Any]", named)] if isinstance(named, list) else []
    return next((metric for metric in [*wanted, KEPT, *metrics] if metric in metrics), None)


def _forgetting(
    suite: list[Row], scores: list[Row], changed: Mapping[int, Row], names: Mapping[int, str]
) -> Row | None:
    """One row of a suite of what should be kept; None where no run was compared with what it began with."""
    if suite[0]["measures"] != "kept":
        return None
    own = {row["id"] for row in suite}
    found = [row for row in scores if row["eval_id"] in own and row["versus"] == "base"]
    metric = _main(suite, list(dict.fromkeys(row["metric"] for row in found)))
    if metric is None:
        return None
    compared = {row["eval_id"]: row for row in found if row["metric"] == metric}
    runs = _by_run(suite, names, {row["id"]: compared.get(row["id"]) for row in suite})
    for row in suite:
        told = runs[names[row["run_id"]]]
        if told is not None:
            counts = changed.get(row["id"]) or {"lost": None, "gained": None}
            told["change"] = told.pop("value")
            told.update(lost=counts["lost"], gained=counts["gained"])
    return {**_named(suite), "metric": metric, "runs": runs}


def _named(suite: list[Row]) -> Row:
    return {"suite": suite[0]["suite"], "suite_sha256": suite[0]["suite_sha256"]}


def _by_run(suite: list[Row], names: Mapping[int, str], found: Mapping[int, Row | None]) -> dict[str, Row | None]:
    """A score for each run; None for a run that was not asked."""
    told: dict[str, Row | None] = dict.fromkeys(names.values())
    for row in suite:
        score = found[row["id"]]
        if score is not None:
            figures = {name: score[name] for name in ("value", "low", "high", "n")}
            told[names[row["run_id"]]] = {
                "branch": row["branch"], "step": row["step"], **figures, "leaked": row["leaked"],
            }  # fmt: skip
    return told


def _cost(store: Store, rows: Sequence[Row], best: Mapping[int, int]) -> dict[str, Row]:
    ids = [row["id"] for row in rows]
    spent = {row["run_id"]: row for row in store.rows(_SPENT, {"ids": ids})}
    shelf = store.rows(_SHELF, {"ids": ids})
    return {row["name"]: _cost_of(row, spent.get(row["id"], {}), shelf, best) for row in rows}


def _cost_of(row: Row, spent: Row, shelf: list[Row], best: Mapping[int, int]) -> Row:
    own = [one for one in shelf if one["run_id"] == row["id"]]
    last: Row = max(own, key=lambda one: (one["step"] == best.get(row["id"]), one["step"]), default=Row())
    tokens = spent.get("tokens")
    model = _model(row["provenance"])
    return {
        "tokens": None if tokens is None else round(tokens),
        "tokens_per_s": spent.get("tokens_per_s"),
        "memory_bytes": spent.get("memory_bytes"),
        "trained": model.get("trained"),
        "parameters": model.get("parameters"),
        "checkpoint_step": last.get("step"),
        "checkpoint_bytes": last.get("bytes"),
    }


def _model(provenance: str | None) -> Row:
    told: Any = json.loads(provenance or "{}")
    model: Any = cast("Row", told).get("model") if isinstance(told, dict) else None
    return cast("Row", model) if isinstance(model, dict) else {}


# What a run began with may be a checkpoint of its own.
_ASKED = """
SELECT e.id, e.run_id, e.branch, e.step, e.suite, e.suite_sha256, e.measures,
       CAST(json_extract(e.data, '$.settings') AS VARCHAR) AS settings,
       (SELECT count(*) FROM item_result r WHERE r.eval_id = e.id AND r.leaked) AS leaked
FROM eval_run e
JOIN active_path p ON p.run_id = e.run_id AND p.branch = e.branch AND e.step BETWEEN p.first_step AND p.last_step
WHERE list_contains($ids, e.run_id) AND e.measures IN ('learned', 'kept') AND e.artifact IS DISTINCT FROM e.base
ORDER BY e.measures = 'kept', e.suite, e.suite_sha256, e.id
"""

_SCORES = """
SELECT eval_id, metric, versus, value, low, high, n FROM score
WHERE list_contains($evals, eval_id) AND category = '' AND NOT clean AND versus IS DISTINCT FROM 'previous'
ORDER BY eval_id, rowid
"""

_CHANGED = """
WITH pair AS (
    SELECT a.id, max(b.id) AS base
    FROM eval_run a JOIN eval_run b ON b.artifact = a.base AND b.suite_sha256 = a.suite_sha256
    WHERE list_contains($evals, a.id) GROUP BY a.id
)
SELECT p.id, count(*) FILTER (b.correct AND NOT a.correct) AS lost,
       count(*) FILTER (a.correct AND NOT b.correct) AS gained
FROM pair p
JOIN item_result a ON a.eval_id = p.id AND a.correct IS NOT NULL
JOIN item_result b ON b.eval_id = p.base AND b.item = a.item AND b.correct IS NOT NULL
GROUP BY p.id
"""

_SPENT = """
SELECT m.run_id,
       arg_max(m.value, m.step) FILTER (n.name = 'tokens' AND p.branch IS NOT NULL) AS tokens,
       median(m.value) FILTER (n.name = 'tokens_per_s' AND p.branch IS NOT NULL AND isfinite(m.value)) AS tokens_per_s,
       max(m.value) FILTER (n.name = 'memory_bytes' AND isfinite(m.value)) AS memory_bytes
FROM metric m
JOIN metric_name n ON n.id = m.metric_id AND n.name IN ('tokens', 'tokens_per_s', 'memory_bytes')
LEFT JOIN active_path p ON p.run_id = m.run_id AND p.branch = m.branch AND m.step BETWEEN p.first_step AND p.last_step
WHERE list_contains($ids, m.run_id) GROUP BY m.run_id
"""

_SHELF = """
SELECT c.run_id, c.step, c.bytes FROM checkpoint c
JOIN active_path p ON p.run_id = c.run_id AND p.branch = c.branch AND c.step BETWEEN p.first_step AND p.last_step
WHERE list_contains($ids, c.run_id) AND c.state <> 'deleted'
"""
