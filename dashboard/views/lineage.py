"""Run: the strip below the head: base model, the runs before it, what happened to it, its checkpoints, the
runs that began from it. Each part leads to the page or view that shows it.

A part is a function that gives a list of steps; a new one is a line in `_parts`.
"""

from html import escape
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import streamlit as st

from dashboard import cached, cached_views
from dashboard.cached_people import called
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.texts import TEXTS
from dashboard.views import ticked
from dashboard.widgets import plain
from dashboard.words import count
from store.refs import parse_ref

__all__ = ["Step", "around", "show", "steps"]

MOST = 4
"""Of what happened, and of the runs that began here, as many as are shown."""

AROUND = 30
"""Steps shown on both sides of what happened."""

STAGES = {"pretrain": "stage.pretrain", "cpt": "stage.cpt", "sft": "stage.sft", "dpo": "stage.dpo"}
"""How a run of `assay train` learns, in words."""

Run = dict[str, Any]
Row = dict[str, Any]


class Step(NamedTuple):
    """One step of the strip."""

    kind: str
    """What it is, in a quiet word before its name."""

    name: str
    """Its name."""

    asked: dict[str, str] | None = None
    """What the address of its page asks for; None for what leads nowhere: the run itself, one that is gone."""

    hint: str = ""
    """What is shown on hover."""

    page: str = "run"
    """The page it leads to."""


def show(run: Run) -> None:
    """The strip; nothing for a run of which nothing is known but itself."""
    found = steps(run)
    if sum(map(len, found.values())) < 2:
        return
    with st.container(horizontal=True, gap=None, key="a-lineage"):
        for name, part in found.items():
            with st.container(horizontal=True, gap=None, width="content", vertical_alignment="center", key=f"a-{name}"):
                for step in part:
                    _draw(step)


def _draw(step: Step) -> None:
    if step.asked is None:
        words = f'<span class="a-quiet">{escape(step.kind)}</span> <b>{escape(step.name)}</b>'
        st.html(f'<span class="a-here" title="{escape(step.hint)}">{words}</span>', width="content")
    else:
        kind = f":gray[{plain(step.kind)}] " if step.kind else ""
        asked = {"lang": current(), **step.asked}
        st.page_link(
            page_path(step.page), label=kind + plain(step.name), query_params=asked, help=plain(step.hint) or None
        )  # fmt: skip


def steps(run: Run) -> dict[str, list[Step]]:
    """The parts that hold anything, by name, in their order."""
    return {name: part for name, part in _parts(run).items() if part}


def _parts(run: Run) -> dict[str, list[Step]]:
    found = cached_views.lineage(cached.store_path(), run["id"])
    return {
        "ancestry": _ancestry(found["ancestry"]),
        "moments": _moments(run, found["moments"]),
        "kept": _kept(run, found["shelf"]),
        "children": _children(found["children"]),
    }


def _ancestry(rows: list[Row]) -> list[Step]:
    """Base model or what is left of a parent that is gone, the runs before, the run itself."""
    if not rows:
        return []
    oldest, own = rows[0], rows[-1]
    before = [_place(parent, child["parent"]) for parent, child in pairwise(rows)]
    return [*_origin(oldest), *before, Step(_stage(own), own["name"])]


def _origin(oldest: Row) -> list[Step]:
    if oldest["parent"] is not None:
        return [Step(t("lineage.gone"), oldest["parent"], hint=t("lineage.gone.help"))]
    if not oldest["model"]:
        return []
    # What says most of a path is its end; a name on the hub has two parts.
    name = "/".join(oldest["model"].rstrip("/").split("/")[-2:])
    return [Step(t("lineage.base"), name, {"run": oldest["name"], "view": "log"}, oldest["model"])]


def _place(run: Row, reference: str) -> Step:
    """A run, and the step at which another one left it."""
    step = parse_ref(reference).step
    name = run["name"] if step is None else f"{run['name']}@{step}"
    return Step(_stage(run), name, {"run": run["name"]}, reference)


def _stage(run: Row) -> str:
    known = STAGES.get(run["stage"])
    return t(known) if known else run["stage"] or t("lineage.run")


def _moments(run: Run, rows: list[Row]) -> list[Step]:
    """Branches, and alarms with those that followed without a branch between them."""
    found: list[Step] = []
    for kind, group in groupby(rows, key=lambda row: row["kind"]):
        alike = list(group)
        found += [_branch(run, row) for row in alike] if kind == "branch" else [_alarm(run, alike)]
    hidden = len(found) - MOST
    if hidden <= 0:
        return found
    return [Step("", t("lineage.earlier", count=count(hidden)), {"run": run["name"], "view": "log"}), *found[hidden:]]


def _branch(run: Run, row: Row) -> Step:
    key = f"fork.{row['words']}"
    words = t(key if key in TEXTS else "fork.other", step=count(row["step"]), reason=row["words"])
    asked = around(run["name"], row["step"], row["last_step"])
    hint = "" if row["actor"] is None else t("lineage.actor", actor=called(row["actor"]))
    return Step(t("branch", branch=row["branch"]), words, asked, hint)


def _alarm(run: Run, rows: list[Row]) -> Step:
    first, last = rows[0]["step"], rows[-1]["step"]
    return Step(
        t("lineage.alarm", count=len(rows)), f"@{first}", around(run["name"], first, last), rows[-1]["words"]
    )  # fmt: skip


def around(name: str, first: int, last: int | None = None) -> dict[str, str]:
    """What asks for the spikes of a run between two steps and a little to both sides."""
    low, high = sorted((first, first if last is None else last))
    return {"run": name, "view": "spikes", "first": str(max(0, low - AROUND)), "last": str(high + AROUND)}


def _kept(run: Run, rows: list[Row]) -> list[Step]:
    """The best checkpoint of the active path, and the newest."""
    active = [row for row in rows if row["active"]]
    newest = max(active, key=lambda row: row["step"], default=None)
    best = next((row for row in active if row["best"]), None)
    found = [] if best is None else [_checkpoint(run, best, "lineage.best")]
    if newest is not None and newest is not best:
        found.append(_checkpoint(run, newest, "lineage.newest"))
    return found


def _checkpoint(run: Run, row: Row, key: str) -> Step:
    asked = {"run": run["name"], "view": "checkpoints", "at": f"{row['branch']}@{row['step']}"}
    return Step(t(key), f"@{row['step']}", asked, f"{run['name']}/{row['branch']}@{row['step']}")


def _children(rows: list[Row]) -> list[Step]:
    """Runs that began here, the newest first."""
    found = [_child(row) for row in rows[:MOST]]
    if len(rows) > MOST:
        names = [row["name"] for row in rows]
        more = t("lineage.more", count=count(len(rows) - MOST))
        found.append(Step("", more, {"compare": ticked.address(names)}, ", ".join(names), "runs"))
    return found


def _child(row: Row) -> Step:
    step = parse_ref(row["parent"]).step
    kind = _stage(row) if step is None else t("lineage.from", stage=_stage(row), step=step)
    return Step(kind, row["name"], {"run": row["name"]}, row["parent"])
