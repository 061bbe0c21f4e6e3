"""Runs side by side: how each came out, what it scores, kept and cost, and in what their configurations differ."""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeAlias, cast

from store.best import best_steps
from store.clock import utc_now
from store.compare_evals import weigh
from store.database import Store
from store.errors import StoreError
from store.refs import find_run
from store.runs import seconds_taken, status_of

__all__ = ["Comparison", "compare_runs", "differences", "flat"]

Row: TypeAlias = dict[str, Any]

MEASURED = ("loss", "val_loss")
"""Metrics compared where none is named."""

BESIDES = ("stage", "parent", "total_steps")
"""Facts of a run that count as configuration."""


class Comparison(NamedTuple):
    """Two or more runs, in the order they were named; everything by the name of the run."""

    runs: list[Row]
    """A row a run: run, status, step, total_steps, loss (the newest), val_loss (the lowest), val_step (where),
    best_step (of the best checkpoint, see `store.best.best_steps`), seconds, error."""

    differs: dict[str, Row]
    """Keys of the configuration, dotted, whose values are not the same in all runs; None where a run lacks it."""

    metrics: dict[str, dict[str, Row | None]]
    """Per metric and run: step, last, lowest and lowest_step on the active path, the latter two of finite values
    only; None where a run never logged it."""

    scores: list[Row]
    """Suites they share; see `store.compare_evals.Weighed`."""

    forgetting: list[Row]
    """What they kept; see there."""

    cost: dict[str, Row]
    """What they cost; see there."""


def compare_runs(store: Store, names: Iterable[str], metrics: Iterable[str] = ()) -> Comparison:
    """Compare runs, and these metrics of theirs. Raises StoreError for fewer than two runs, one that is not
    there, or a metric that none of them has.
    """
    rows = [find_run(store, name) for name in dict.fromkeys(names)]
    if len(rows) < 2:
        raise StoreError("comparing takes two runs or more; `assay runs ls` lists them")
    asked = tuple(dict.fromkeys(metrics))
    found = _figures(store, rows, asked or MEASURED)
    for name in asked:
        if not any(found[name].values()):
            raise _unknown_metric(store, rows, name)
    own = found if set(MEASURED) <= set(found) else _figures(store, rows, MEASURED)
    best = best_steps(store, [row["id"] for row in rows])
    outcomes = [_outcome(row, own, best) for row in rows]
    return Comparison(outcomes, differences(rows), found, *weigh(store, rows, best))


def _figures(store: Store, rows: list[Row], metrics: tuple[str, ...]) -> dict[str, dict[str, Row | None]]:
    found = store.rows(_FIGURES, {"ids": [row["id"] for row in rows], "metrics": list(metrics)})
    known = {(item.pop("metric"), item.pop("run_id")): item for item in found}
    return {name: {row["name"]: known.get((name, row["id"])) for row in rows} for name in metrics}


def _outcome(row: Row, own: Mapping[str, Mapping[str, Row | None]], best: Mapping[int, int]) -> Row:
    now = utc_now()
    loss, val_loss = (own[name][row["name"]] or {} for name in MEASURED)
    return {
        "run": row["name"],
        "status": status_of(row, now),
        "step": row["last_step"],
        "total_steps": row["total_steps"],
        "loss": loss.get("last"),
        "val_loss": val_loss.get("lowest"),
        "val_step": val_loss.get("lowest_step"),
        "best_step": best.get(row["id"]),
        "seconds": seconds_taken(row, now),
        "error": row["error"],
    }


def _unknown_metric(store: Store, rows: list[Row], name: str) -> StoreError:
    logged = [row["name"] for row in store.rows(_LOGGED, {"ids": [row["id"] for row in rows]})]
    near = get_close_matches(name, logged) or sorted(logged)[:8]
    hint = f"did you mean {' or '.join(near)}?" if near else "they have logged nothing yet"
    return StoreError(f"none of these runs has logged {name}; {hint}")


def differences(rows: Iterable[Row]) -> dict[str, Row]:
    """Keys whose values differ among rows of `run`, in order, with each run's value."""
    configs = {row["name"]: {**{key: row[key] for key in BESIDES}, **flat(_config(row))} for row in rows}
    keys = sorted({key for config in configs.values() for key in config})
    table = {key: {name: config.get(key) for name, config in configs.items()} for key in keys}
    return {key: values for key, values in table.items() if not _all_same(list(values.values()))}


def _config(row: Row) -> Any:
    return json.loads(row["config"] or "{}")


def _all_same(values: list[Any]) -> bool:
    return all(_same(value, values[0]) for value in values)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        left, right = cast("list[Any]", one), cast("list[Any]", other)
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(one, dict) and isinstance(other, dict):
        mine, yours = cast("Row", one), cast("Row", other)
        return mine.keys() == yours.keys() and all(_same(mine[key], yours[key]) for key in mine)
    # In Python, but not in a configuration, True is 1.
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def flat(config: Any, prefix: str = "") -> Row:
    """A nested configuration as dotted keys; lists are values.

    >>> flat({"train": {"lr": 1e-4, "betas": [0.9, 0.95]}, "lora": {}})
    {'train.lr': 0.0001, 'train.betas': [0.9, 0.95], 'lora': {}}
    """
    if not isinstance(config, dict) or not (config or not prefix):
        return {prefix or "config": config}
    found: Row = {}
    for key, value in cast("Row", config).items():
        found |= flat(value, f"{prefix}.{key}" if prefix else key)
    return found


_ACTIVE = """
JOIN active_path p ON p.run_id = m.run_id AND p.branch = m.branch AND m.step BETWEEN p.first_step AND p.last_step
"""

_FIGURES = f"""
SELECT n.name AS metric, m.run_id, max(m.step) AS step, arg_max(m.value, m.step) AS last,
       min(m.value) FILTER (isfinite(m.value)) AS lowest,
       arg_min(m.step, (m.value, m.step)) FILTER (isfinite(m.value)) AS lowest_step
FROM metric m JOIN metric_name n ON n.id = m.metric_id AND list_contains($metrics, n.name) {_ACTIVE}
WHERE list_contains($ids, m.run_id)
GROUP BY n.name, m.run_id
"""

_LOGGED = """
SELECT DISTINCT n.name FROM metric m JOIN metric_name n ON n.id = m.metric_id WHERE list_contains($ids, m.run_id)
"""
