"""The lineage strip: base model, runs before, what happened, checkpoints, and what became of them, up to what is live.

Each part leads to the page or view that shows it. A part is a function that gives a list of steps; a new one is a line
in `_parts`, and of a candidate's strip in `_candidate`.
"""

from itertools import groupby, pairwise
from typing import Any

from dashboard import cached, cached_views
from dashboard.cached_people import called
from dashboard.language import t
from dashboard.texts import TEXTS
from dashboard.views import ticked
from dashboard.views.lineage_onward import onward
from dashboard.views.lineage_step import MOST, Step, draw, stage
from dashboard.words import count
from evals.release.lineage import Lineage, went_on_at
from store.refs import parse_ref

__all__ = ["around", "show", "strip_for"]

AROUND = 30
"""Steps shown on both sides of what happened."""

Run = dict[str, Any]
Row = dict[str, Any]


def show(run: Run) -> None:
    """The strip of a run; nothing for one of which nothing is known but itself."""
    draw(_parts(run))


def strip_for(candidate: str, sha256: str, run_id: int | None) -> None:
    """The strip of a checkpoint by its digest, from the base to what is live; `candidate` is RUN@STEP, `run_id` the
    number of its run, None where that was removed.
    """
    draw(_candidate(cached_views.lineage_of(cached.store_path(), candidate, sha256, run_id)))


def _candidate(found: Lineage) -> dict[str, list[Step]]:
    place, run = found.checkpoint, parse_ref(found.candidate).run
    step = {"run": run, "view": "checkpoints", "at": f"{place['branch'] or 1}@{place['step']}"}
    known = place["run"] is not None
    return {
        "ancestry": _ancestry(found.ancestry, here=False),
        "moments": _moments({"name": run}, found.moments),
        "step": [Step(t("lineage.checkpoint"), found.candidate, step if known else None, place["sha256"])],
        "onward": onward(run if known else None, found._asdict()),
    }


def _parts(run: Run) -> dict[str, list[Step]]:
    found = cached.lineage(cached.store_path(), run)
    return {
        "ancestry": _ancestry(found["ancestry"]),
        "moments": _moments(run, found["moments"]),
        "kept": _kept(run, found["shelf"]),
        "onward": onward(run["name"], found),
        "children": _children(found["children"]),
    }


def _ancestry(rows: list[Row], *, here: bool = True) -> list[Step]:
    """Base model or what is left of a parent that is gone, the runs before, the run itself, which is `here` or not."""
    if not rows:
        return []
    oldest, own = rows[0], rows[-1]
    before = [_place(parent, child["parent"]) for parent, child in pairwise(rows)]
    return [*_origin(oldest), *before, Step(stage(own["stage"]), own["name"], None if here else {"run": own["name"]})]


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
    return Step(stage(run["stage"]), went_on_at(run["name"], reference), {"run": run["name"]}, reference)


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
    learns = stage(row["stage"])
    kind = learns if step is None else t("lineage.from", stage=learns, step=step)
    return Step(kind, row["name"], {"run": row["name"]}, row["parent"])
