"""How people name a place in a run: RUN, RUN@STEP, RUN/BRANCH@STEP."""

import re
from difflib import get_close_matches
from typing import Any, NamedTuple

from store.database import Store
from store.errors import StoreError

__all__ = ["Ref", "find_run", "parse_ref"]

_PATTERN = re.compile(r"(?P<run>[^/@]+)(?:/(?P<branch>\d+))?(?:@(?P<step>\d+))?")


class Ref(NamedTuple):
    """A place in a run."""

    run: str
    """Name of the run."""

    branch: int | None = None
    """Branch; None for the active path."""

    step: int | None = None
    """Step; None for the newest sealed checkpoint."""


def parse_ref(text: str) -> Ref:
    """Read a reference. Raises StoreError for anything else.

    >>> parse_ref("triage/2@400")
    Ref(run='triage', branch=2, step=400)
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise StoreError(f"{text!r} names no place in a run: write RUN, RUN@STEP or RUN/BRANCH@STEP")
    branch, step = match["branch"], match["step"]
    return Ref(match["run"], int(branch) if branch else None, int(step) if step else None)


def find_run(store: Store, name: str) -> dict[str, Any]:
    """The row of a run. Raises StoreError with the nearest names where there is none."""
    rows = store.rows("SELECT * FROM run WHERE name = $name", {"name": name})
    if rows:
        return rows[0]
    near = get_close_matches(name, [row["name"] for row in store.rows("SELECT name FROM run")])
    hint = f"did you mean {' or '.join(near)}?" if near else "`assay runs ls` lists them"
    raise StoreError(f"there is no run {name} in {store.path}; {hint}")
