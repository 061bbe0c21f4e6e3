"""The loss and what goes with it, step by step, from someone's log or from a recorded run."""

import json
from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from assay.errors import AssayError
from assay.spikes import Settings, Stretch
from store.database import Store
from store.log_order import stretches_of
from store.readers import Point, find_source
from store.readers.sound import check_is_text, printable, unread_rows
from store.readers.table import TableSource
from store.refs import Ref, find_run

__all__ = ["LossLog", "read_log", "read_run"]

Row = tuple[int, dict[str, float]]


class LossLog(NamedTuple):
    """The rows of one log or run."""

    stretches: list[Stretch]
    """Them, in file order; more than one where steps go back."""

    left_out: int = 0
    """Rows that were left out because they are of validation, as they say themselves."""

    unread: str = ""
    """How many rows could not be read and which is the first, in a sentence without a full stop; "" without any."""

    rules: Settings | None = None
    """By what rules its loss is high; None for the usual ones."""


def read_log(path: Path) -> LossLog:
    """Read a log, or that of a folder. Raises AssayError where there is none, it cannot be read, or has no loss."""
    try:
        return _read_log(path)
    except OSError as error:
        raise AssayError(printable(f"cannot read {path}: {error.strerror}: {error.filename}")) from error
    except AssayError as error:
        # Names of columns and files go into these sentences, and a terminal obeys control characters.
        raise AssayError(printable(str(error))) from error


def _read_log(path: Path) -> LossLog:
    check_is_text(path)
    found = find_source(path)
    check_is_text(found.path)
    # Nobody waits for the rest of the last line here: what is there is what is looked at.
    source = TableSource(found.path, is_whole=True) if found.format == "table" else found.open()
    points = [point for batch in source.poll() for point in batch.points]
    facts = source.facts
    unread = unread_rows(found.path, facts)
    # An evaluation is no point, and its learning rate no other one for the step.
    judged = [point for point in points if "loss" in point.values or "val_loss" not in point.values]
    left_out = facts.validation
    if not any("loss" in point.values for point in judged):
        if not left_out:
            raise AssayError(f"{found.path} has no loss: {_columns(points)}; a column loss or train_loss is needed")
        # Where all is validation, that is what is to be looked at.
        judged, left_out = [_as_training(point) for point in points], 0
    return LossLog(stretches_of(judged), left_out, printable(unread))


def _columns(points: list[Point]) -> str:
    names = dict.fromkeys(name for point in points[:100] for name in point.values)
    return f"its columns are step, {', '.join(list(names)[:12])}" if names else "no row has a step and a number"


def _as_training(point: Point) -> Point:
    values = point.values
    return point._replace(values={"loss": values["val_loss"]} if "val_loss" in values else values)


def read_run(store: Store, ref: Ref) -> LossLog:
    """Read the active path of a recorded run, or the path of one of its branches. Raises StoreError.

    Its baselines begin anew where those of its guard did, and its loss is judged as its stage is, where `assay train`
    made it.
    """
    run = find_run(store, ref.run)
    path, values = _ACTIVE, {"id": run["id"]}
    if ref.branch is not None:
        path, values = _BRANCH, {**values, "tip": ref.branch}
    table = store.read(_ROWS.format(path=path), values)
    if "loss" not in table["name"].to_pylist():
        of_branch = "" if ref.branch is None else f", or no branch {ref.branch}"
        raise AssayError(f"run {ref.run} has no loss yet{of_branch}; `assay runs show {ref.run}` shows what it has")
    columns = (table[name].to_pylist() for name in ("step", "name", "value"))
    rows = list(_rows(zip(*columns, strict=True)))
    told = {row["step"]: row["reset"] for row in store.rows(_BASELINES.format(path=path), values)}
    forks = {fork for fork in _begun_anew(store.rows(_BRANCHES.format(path=path), values)) if fork not in told}
    forks |= {step for step, reset in told.items() if reset}
    anew = {bisect_right(rows, fork, key=lambda row: row[0]) for fork in forks}
    # The trainer records its loss scale where it has one.
    stretches = [Stretch(rows, anew=anew, may_overflow=run["stage"] is None)]
    floor = store.rows(_FLOOR, {"id": run["id"]})
    return LossLog(stretches, rules=Settings(loss_floor=floor[0]["floor"]) if floor else None)


def _begun_anew(branches: list[dict[str, Any]]) -> Iterator[int]:
    """Last steps before those at which the guard began its baselines anew, from a path's branches, newest first.

    What a branch declares holds on those that took its place before it had a step of its own, as when the run was
    killed and resumed there; a person who goes back does not take it along.
    """
    fork, is_settled = -1, True
    for number, branch in enumerate(branches):
        if number == 0 or branch["fork_step"] < fork:
            fork, is_settled = branch["fork_step"], False
        data = json.loads(branch["data"] or "{}")
        if not is_settled and "guard" in data and data["guard"].get("reset"):
            yield fork
        is_settled = is_settled or "guard" in data or branch["reason"] == "rollback"


def _rows(values: Iterator[tuple[int, str, float]]) -> Iterator[Row]:
    for step, found in groupby(values, key=lambda item: item[0]):
        yield step, {name: value for _, name, value in found}


_ACTIVE = "SELECT branch, last_step FROM active_path WHERE run_id = $id"
_BRANCH = "SELECT branch, last_step FROM run_path WHERE run_id = $id AND tip = $tip"

_BRANCHES = """
SELECT b.fork_step, b.reason, b.data
FROM branch b JOIN ({path}) p ON p.branch = b.branch
WHERE b.run_id = $id ORDER BY b.branch DESC
"""

_FLOOR = """
SELECT CAST(json_extract(data, '$.loss_floor') AS DOUBLE) AS floor FROM event
WHERE run_id = $id AND kind = 'stage' AND json_type(data, '$.loss_floor') IN ('DOUBLE', 'UBIGINT', 'BIGINT')
ORDER BY time DESC LIMIT 1
"""
"""Up to where a loss is never high, as its stage said when it began."""

_BASELINES = """
SELECT step, reset FROM (
    SELECT e.step, e.time, e.branch, CAST(json_extract(e.data, '$.baseline') AS VARCHAR) AS baseline,
           json_extract_string(e.data, '$.baseline.reset') AS reset
    FROM event e JOIN ({path}) p ON p.branch = e.branch AND e.step <= p.last_step
    WHERE e.run_id = $id AND e.kind IN ('fork', 'resume')
    UNION ALL
    SELECT b.fork_step, b.created, b.branch, CAST(json_extract(b.data, '$.baseline') AS VARCHAR),
           json_extract_string(b.data, '$.baseline.reset')
    FROM branch b JOIN ({path}) p ON p.branch = b.branch AND b.fork_step <= p.last_step
    WHERE b.run_id = $id
) WHERE baseline IS NOT NULL ORDER BY time, branch
"""
"""What was recorded of the guard's baselines where the run went on, the newest of a step last."""

_ROWS = """
SELECT m.step, n.name, m.value
FROM metric m JOIN metric_name n ON n.id = m.metric_id
JOIN ({path}) p ON p.branch = m.branch AND m.step <= p.last_step
WHERE m.run_id = $id AND (
    n.name IN ('loss', 'grad_norm', 'loss_scale', 'lr', 'group/embed/update_rms', 'group/first/update_rms')
    OR n.name LIKE 'group/%/rms_t'
)
ORDER BY m.step, n.name
"""
