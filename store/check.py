"""Is the store whole? One question a check, each a query or a look at the files."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from assay.spool import read_spool
from store.database import Store
from store.loading import spool_files
from store.spans import DISAGREEING

__all__ = ["Check", "check_store"]


class Check(NamedTuple):
    """The answer to one question."""

    name: str
    """What was asked."""

    ok: bool
    """Whether all is well."""

    says: str
    """The answer in a sentence."""


def check_store(store: Store) -> list[Check]:
    """Ask every question. Raises StoreError where the file cannot be read at all."""
    checks = [_by_query(store, *question) for question in _QUESTIONS]
    return [*checks, *(Check(name, *look(store)) for name, look in _LOOKS.items())]


def _by_query(store: Store, name: str, well: str, ill: str, sql: str) -> Check:
    found = [", ".join(str(value) for value in row.values()) for row in store.rows(sql)]
    return Check(name, not found, ill.format("; ".join(found[:5]), n=len(found)) if found else well)


_OWNED = (
    "branch", "metric", "metric_span", "step_batch", "checkpoint", "event", "request", "pin", "dataset", "sample",
    "spool_offset", "eval_run", "campaign", "proposal",
)  # fmt: skip
"""Tables with a run_id; in `pin`, `eval_run`, `campaign` and `proposal` it may be null, which is no run's."""

_UNIQUE = (
    ("proposal", "id", "id", ""),
    ("decision", "id", "id", ""),
    ("decision", "any_value(id)", "proposal_id, environment, evidence_sha256", ""),
    ("approval", "id", "id", ""),
    ("release", "id", "id", ""),
    ("release", "environment, ' v', version", "environment, version", "WHERE kind = 'release'"),
)
"""What must stand once: table, how it is called, the columns, and which rows."""

_RELEASED = (
    ("decision", "proposal_id", "proposal"),
    ("approval", "proposal_id", "proposal"),
    ("approval", "decision_id", "decision"),
    ("release", "proposal_id", "proposal"),
    ("release", "decision_id", "decision"),
)
"""Rows that are of others: table, column, and the table of those."""

_QUESTIONS = (
    (
        "run names", "every run has a name of its own", "names used twice: {}",
        "SELECT name FROM run GROUP BY name HAVING count(*) > 1",
    ),
    (
        "branches", "every branch leaves one that exists", "branches without their parent (run, branch): {}",
        ("SELECT b.run_id, b.branch FROM branch b LEFT JOIN branch p ON p.run_id = b.run_id AND p.branch = b.parent "
        "WHERE b.parent IS NOT NULL AND p.branch IS NULL"),
    ),
    (
        "branch numbers", "every branch has a number of its own, above its parent's",
        "branches declared twice or not above their parent (run, branch): {}",
        "SELECT run_id, branch FROM branch GROUP BY ALL HAVING count(*) > 1 OR bool_or(parent >= branch) ORDER BY ALL",
    ),
    (
        "steps", "no value stands twice", "values that stand twice (run, branch, metric, step): {}",
        ("SELECT run_id, branch, n.name, step FROM metric m JOIN metric_name n ON n.id = m.metric_id "
        "GROUP BY ALL HAVING count(*) > 1 LIMIT 6"),
    ),
    (
        "owners", "every row belongs to a run", "rows without a run, in {}",
        " UNION ".join(
            f"SELECT '{table}' AS t FROM {table} WHERE run_id NOT IN (SELECT id FROM run)" for table in _OWNED
        ) + " ORDER BY t",
    ),
    (
        "metric names", "every metric has its name", "numbers without a name: {}",
        "SELECT DISTINCT metric_id FROM metric WHERE metric_id NOT IN (SELECT id FROM metric_name)",
    ),
    (
        "evaluations", "every result is there once, with its scores and items", "results that are not: {}",
        ("SELECT key FROM eval_run GROUP BY key HAVING count(*) > 1 "
        "UNION ALL SELECT DISTINCT CAST(eval_id AS VARCHAR) FROM "
        "(SELECT eval_id FROM score UNION ALL SELECT eval_id FROM item_result) "
        "WHERE eval_id NOT IN (SELECT id FROM eval_run)"),
    ),
    (
        "releases", "every proposal, decision, approval and release stands once, and what it is of is there",
        "rows that stand twice, or are of what is not there: {}",
        " UNION ALL ".join(
            f"SELECT '{table}' AS t, concat({names}) AS named FROM {table} {where} GROUP BY {by} HAVING count(*) > 1"
            for table, names, by, where in _UNIQUE
        ) + " UNION ALL " + " UNION ALL ".join(
            f"SELECT '{table}', concat(id) FROM {table} WHERE {column} NOT IN (SELECT id FROM {of})"
            for table, column, of in _RELEASED
        ),
    ),
    (
        "keys", "every key stands once", "keys that stand twice: {}",
        "SELECT key_id FROM signing_key GROUP BY key_id HAVING count(*) > 1",
    ),
    (
        "roll-up", "closed spans hold what the values do",
        "spans disagree with the values (run, branch): {}; assay db rebuild makes them anew",
        DISAGREEING,
    ),
    (
        "damaged lines", "every line of the spools could be read", "lines skipped (run, file, lines): {}",
        "SELECT r.name, o.file, o.damaged FROM spool_offset o JOIN run r ON r.id = o.run_id WHERE o.damaged > 0",
    ),
)  # fmt: skip


def _missing_spools(store: Store) -> tuple[bool, str]:
    rows = store.rows('SELECT r.name, o.file, o."offset" FROM spool_offset o JOIN run r ON r.id = o.run_id')
    lost = [
        f"{row['name']}/{row['file']}" for row in rows if not _covers(store, row["name"], row["file"], row["offset"])
    ]
    if lost:
        return False, f"spools gone, out of reach or shorter than what was loaded from them: {'; '.join(lost[:5])}"
    return True, f"all {len(rows)} spool files that were loaded are there"


def _covers(store: Store, run: str, file: str, offset: int) -> bool:
    path = store.root / run / "spool" / file
    try:
        return path.stat().st_size >= offset
    except OSError:
        return False


def _unloaded(store: Store) -> tuple[bool, str]:
    try:
        behind = list(_behind(store))
    except OSError as error:
        return False, f"{error.filename} cannot be read: {error.strerror}"
    if behind:
        return True, f"lines that wait to be loaded, or were torn when their writer died, in {'; '.join(behind[:5])}"
    return True, "everything in the spools is loaded"


def _behind(store: Store) -> Iterator[str]:
    rows = store.rows('SELECT r.name, o.file, o."offset" FROM spool_offset o JOIN run r ON r.id = o.run_id')
    loaded = {(row["name"], row["file"]): row["offset"] for row in rows}
    for path in spool_files(store.root):
        run, offset = path.parent.parent.name, loaded.get((path.parent.parent.name, path.name), 0)
        if path.stat().st_size > offset:
            whole = len(read_spool(path, offset).lines)
            yield f"{run}/{path.name} ({whole} whole, {path.stat().st_size - offset} bytes)"


def _missing_checkpoints(store: Store) -> tuple[bool, str]:
    rows = store.rows("SELECT path FROM checkpoint WHERE state <> 'deleted'")
    lost = [row["path"] for row in rows if not (store.root / row["path"] / "manifest.json").is_file()]
    if lost:
        return False, f"checkpoints without their folder: {'; '.join(lost[:5])}"
    return True, f"all {len(rows)} checkpoints are there"


_LOOKS: dict[str, Callable[[Store], tuple[bool, str]]] = {
    "spool files": _missing_spools,
    "not loaded": _unloaded,
    "checkpoints": _missing_checkpoints,
}
