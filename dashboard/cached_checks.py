"""The cache for checks of a run's data; see `cached`. A result is read once, a file digested once for each change."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from dashboard import cached_views
from dashboard.cached import KEEP, LIVE
from dashboard.check_plan import Plan, plan_of
from dashboard.queries import data_check as queries
from dashboard.sample_text import LARGEST
from evals.data import kept
from store.access import Actor, may
from store.database import Store

__all__ = ["Now", "asked", "key", "may_check", "now", "plan", "result"]

Row = dict[str, Any]


class Now(NamedTuple):
    """The files of a plan as they are on disk."""

    digests: tuple[str, ...] | None
    """Their digests in the plan's order; None where one is gone, or too large to be read for a page."""

    changed: tuple[str, ...]
    """Names of those that are no longer what the run read."""

    gone: tuple[str, ...]
    """Names of those that are no longer there."""


@st.cache_data(ttl=LIVE, max_entries=64, show_spinner=False)
def asked(path: str, run_id: int) -> Row | None:
    """The newest check that was asked for; see `queries.data_check.asked`."""
    return queries.asked(Store.at(path), run_id)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def _plan(path: str, run_id: int, _datasets: list[Row], digests: tuple[str, ...]) -> Plan | None:  # noqa: ARG001 - the digests are a key
    return plan_of(_datasets, cached_views.origin(path, run_id))


def plan(path: str, run_id: int) -> Plan | None:
    """How the data of a run is checked; None where it recorded no file. Raises StoreError."""
    rows = cached_views.datasets(path, run_id)
    return _plan(path, run_id, rows, tuple(row["sha256"] for row in rows))


def now(plan: Plan) -> Now:
    """What has become of a plan's files."""
    digests = {path: _digest_now(Path(path)) for path in plan.files}
    changed = [Path(path).name for path, digest in digests.items() if digest and digest != plan.files[path]]
    gone = [Path(path).name for path, digest in digests.items() if digest == ""]
    found = tuple(digest for digest in digests.values() if digest)
    return Now(found if len(found) == len(digests) else None, tuple(changed), tuple(gone))


def _digest_now(file: Path) -> str | None:
    """A file's digest; empty where it is gone, None where it is too large to be read for a page."""
    try:
        state = file.stat()
        return None if state.st_size > LARGEST else _digest(file, state.st_mtime_ns, state.st_size)
    except OSError:
        return ""


@st.cache_data(ttl=KEEP, max_entries=256, show_spinner=False)
def _digest(file: Path, changed: int, size: int) -> str:  # noqa: ARG001 - time of change and size are keys
    return kept.digest_of(file)


def key(plan: Plan, digests: Iterable[str]) -> str:
    """Name of the result for files with these digests, with the tokenizer and the suites as they are now."""
    beside = plan.beside(tokens=find_spec("tokenizers") is not None)
    return plan.key(digests, map(_digest_beside, beside))


def _digest_beside(file: Path) -> str:
    """A file's digest; empty where it cannot be read."""
    try:
        state = file.stat()
        return _digest(file, state.st_mtime_ns, state.st_size)
    except OSError:
        return ""


def result(path: str, key: str) -> Row | None:
    """The result of a check; None where there is none. See `evals.data.kept.find`."""
    root = Store.at(path).root
    try:
        made = (root / kept.FOLDER / f"{key}.json").stat().st_mtime_ns
    except OSError:
        return None
    return _result(str(root), key, made)


@st.cache_data(ttl=KEEP, max_entries=16, show_spinner=False)
def _result(root: str, key: str, made: int) -> Row | None:  # noqa: ARG001 - the time it was made is a key
    return kept.find(Path(root), key)


def may_check(path: str, who: Actor) -> bool:
    """Whether someone may have data checked now. Raises StoreError."""
    return Store.at(path).snapshot(lambda snapshot: may(snapshot, who, "run:act"))
