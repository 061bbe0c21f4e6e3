"""What people say about runs: tags, project, star, archive, notes.

A script says tags and project too, each time it starts. The rule: until a person sets one of the two, the
script's newest word holds; from then on it is the person's, and no later line of the spool changes it. Which
columns a person has set stands in `run.edited`. Nothing of this is in the spool, and `assay db rebuild` carries
it over.
"""

from collections.abc import Iterable
from typing import Any, TypedDict

from store.access import Actor, require
from store.audit import Entry, append_all
from store.database import Store, Transaction
from store.refs import find_run

__all__ = ["Edit", "edit_runs"]


class Edit(TypedDict, total=False):
    """What is to change; what is left out stays."""

    tags: list[str]
    """Words to find the run by; blanks around them, empty ones and repeated ones are dropped."""

    project: str | None
    """Its project; blank or None takes it out of any."""

    starred: bool
    """Whether it is kept on top."""

    archived: bool
    """Whether lists hide it."""

    notes: str | None
    """What people wrote about it; blank or None for nothing."""


def edit_runs(store: Store, actor: Actor, names: Iterable[str], edit: Edit) -> None:
    """Change all of these runs or none. Raises StoreError where one of them is not there, AccessError."""
    runs = [find_run(store, name) for name in names]
    values = _values(edit)
    if not runs or not values:
        return
    changes = ", ".join(f"{column} = ${column}" for column in values)

    def put(transaction: Transaction) -> None:
        by = require(transaction, actor, "run:act")
        ids = [run["id"] for run in runs]
        transaction.execute(_UPDATE.format(changes=changes), {**values, "columns": list(values), "ids": ids})
        payload = {"columns": sorted(values)}
        append_all(transaction, [Entry(actor.named, by, "run-edit", f"run:{run['name']}", payload) for run in runs])

    store.transaction(put)


def _values(edit: Edit) -> dict[str, Any]:
    values: dict[str, Any] = dict(edit)
    if "tags" in edit:
        values["tags"] = list(dict.fromkeys(tag.strip() for tag in edit["tags"] if tag.strip()))
    for column in ("project", "notes"):
        if column in values:
            values[column] = (values[column] or "").strip() or None
    return values


_UPDATE = """
UPDATE run SET {changes}, edited = list_sort(list_distinct(list_concat(coalesce(edited, []), $columns)))
WHERE list_contains($ids, id)
"""
