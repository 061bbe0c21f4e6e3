"""The loss and what goes with it, step by step, from someone's log or from a recorded run."""

import json
import re
import shlex
from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from assay.errors import AssayError
from assay.spikes import Stretch
from store.database import Store
from store.log_order import stretches_of
from store.readers import Facts, Point, find_source
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


def read_log(path: Path) -> LossLog:
    """Read a log, or that of a folder. Raises AssayError where there is none, it cannot be read, or has no loss."""
    try:
        return _read_log(path)
    except OSError as error:
        raise AssayError(_printable(f"cannot read {path}: {error.strerror}: {error.filename}")) from error
    except AssayError as error:
        # Names of columns and files go into these sentences, and a terminal obeys control characters.
        raise AssayError(_printable(str(error))) from error


def _read_log(path: Path) -> LossLog:
    _check_is_text(path)
    found = find_source(path)
    _check_is_text(found.path)
    # Nobody waits for the rest of the last line here: what is there is what is looked at.
    source = TableSource(found.path, is_whole=True) if found.format == "table" else found.open()
    points = [point for batch in source.poll() for point in batch.points]
    facts = source.facts
    unread = _unread(found.path, facts)
    if 2 * facts.skipped > facts.rows:
        raise AssayError(f"{found.path}: {unread}; a row needs a whole step from 0 up, and its loss as a number")
    # An evaluation is no point, and its learning rate no other one for the step.
    judged = [point for point in points if "loss" in point.values or "val_loss" not in point.values]
    left_out = facts.validation
    if not any("loss" in point.values for point in judged):
        if not left_out:
            raise AssayError(f"{found.path} has no loss: {_columns(points)}; a column loss or train_loss is needed")
        # Where all is validation, that is what is to be looked at.
        judged, left_out = [_as_training(point) for point in points], 0
    return LossLog(stretches_of(judged), left_out, _printable(unread))


def _columns(points: list[Point]) -> str:
    names = dict.fromkeys(name for point in points[:100] for name in point.values)
    return f"its columns are step, {', '.join(list(names)[:12])}" if names else "no row has a step and a number"


def _as_training(point: Point) -> Point:
    values = point.values
    return point._replace(values={"loss": values["val_loss"]} if "val_loss" in values else values)


def _unread(path: Path, facts: Facts) -> str:
    if not facts.skipped:
        return ""
    first = facts.first_skipped.removeprefix(f"{path.name} ")
    return f"{facts.skipped:,} of {facts.rows:,} rows could not be read, the first at {first}"


def _printable(text: str) -> str:
    """The text with what no terminal should get as Python writes it: a line end as two characters."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def read_run(store: Store, ref: Ref) -> LossLog:
    """Read the active path of a recorded run, or the path of one of its branches. Raises StoreError.

    Its baselines begin anew where those of its guard did, where `assay train` made it.
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
    return LossLog([Stretch(rows, anew=anew, may_overflow=run["stage"] is None)])


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


def _check_is_text(path: Path) -> None:
    """Refuse what would be read as a table of nonsense. Raises AssayError, OSError."""
    if not path.is_file() or "tfevents" in path.name:
        return
    with path.open("rb") as file:
        begin = file.read(4096)
    if not begin.strip():
        raise AssayError(f"{path} is empty")
    if tool := next((tool for magic, tool in _COMPRESSED.items() if begin.startswith(magic)), None):
        raise AssayError(f"{path} is compressed: unpack it first, as `{tool} {shlex.quote(path.name)}` does")
    if begin.startswith(_UTF16) or _is_utf16(begin):
        raise AssayError(
            f"{path} is text in UTF-16, and logs are read in UTF-8: save it anew, as `iconv -f UTF-16 -t UTF-8` does"
        )
    if _is_binary(begin):
        raise AssayError(
            f"{path} is no log: it holds binary data; CSV, JSONL, trainer_state.json and TensorBoard events can be read"
        )


def _is_utf16(begin: bytes) -> bool:
    """Whether every second byte is 0, as where English is written without a mark at the beginning."""
    pairs = begin[: len(begin) // 2 * 2]
    return len(pairs) > 8 and any(not any(pairs[at::2]) and all(pairs[1 - at :: 2]) for at in (0, 1))


def _is_binary(begin: bytes) -> bool:
    text = begin.decode("utf-8", "replace")
    # Some headers are in Latin-1 or GBK, so a few bytes that are no UTF-8 are still a log.
    return _CONTROL.search(begin) is not None or text.count("\ufffd") > 0.3 * len(text)


_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
"""What no text holds: control characters other than white space and those that move, colour or ring."""

_COMPRESSED = {b"\x1f\x8b": "gunzip -k", b"BZh": "bunzip2 -k", b"\xfd7zXZ": "unxz -k", b"(\xb5/\xfd": "unzstd"}
"""How the files of compressors begin, and what unpacks them."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_ACTIVE = "SELECT branch, last_step FROM active_path WHERE run_id = $id"
_BRANCH = "SELECT branch, last_step FROM run_path WHERE run_id = $id AND tip = $tip"

_BRANCHES = """
SELECT b.fork_step, b.reason, b.data
FROM branch b JOIN ({path}) p ON p.branch = b.branch
WHERE b.run_id = $id ORDER BY b.branch DESC
"""

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
