"""Run: the strip's later part: what became of checkpoints: scores, blind reviews, signatures, releases."""

from typing import Any

from dashboard.language import t
from dashboard.views.lineage_step import MOST, Step
from dashboard.words import count
from evals.gate.live import ENVIRONMENT
from store.refs import parse_ref

__all__ = ["onward"]

Row = dict[str, Any]

VIEWS = {"learned": ("lineage.scores", "scores"), "kept": ("lineage.kept", "forgetting")}
"""Words and view for what a suite measures."""


def onward(run: str | None, found: dict[str, list[Row]]) -> list[Step]:
    """All of it; `found` has the rows of `store.lineage` by its names, `run` is where scores are shown."""
    return [
        *([] if run is None else [_scores(run, row) for row in found["scores"]]),
        *_newest([_campaign(row) for row in found["campaigns"]], "campaigns"),
        *_newest([_signatures(row) for row in found["signatures"]], "release_check"),
        *_newest([_release(row) for row in found["releases"]], "releases"),
    ]


def _newest(steps: list[Step], page: str) -> list[Step]:
    """As many as are shown, and how many more there are."""
    hidden = len(steps) - MOST
    if hidden <= 0:
        return steps
    return [Step("", t("lineage.earlier", count=count(hidden)), {}, page=page), *steps[hidden:]]


def _scores(run: str, row: Row) -> Step:
    key, view = VIEWS[row["measures"]]
    words = t("lineage.suites", count=len(row["suites"]))
    return Step(t(key), words, {"run": run, "view": view}, ", ".join(row["suites"]))


def _campaign(row: Row) -> Step:
    words = t("lineage.campaign.open" if row["closed"] is None else "lineage.campaign.closed", number=row["id"])
    return Step(t("lineage.campaign"), words, {"campaign": str(row["id"])}, row["name"], "campaigns")


def _signatures(row: Row) -> Step:
    # A refusal stands in the way of all else; an override is told before approvals, as it is the graver word.
    for name, key in (("refused", "lineage.refused"), ("overridden", "lineage.overridden"), ("approved", "lineage.by")):
        if row[name]:
            words = t(key, count=row[name])
            break
    else:
        words = t("lineage.proposed")
    asked = {"run": parse_ref(row["candidate"]).run, "at": f"{row['branch']}@{row['step']}"}
    if row["environment"] not in (None, ENVIRONMENT):
        words = f"{row['environment']}: {words}"
        asked["env"] = row["environment"]
    return Step(t("lineage.signed"), words, asked, row["candidate"], "release_check")


def _release(row: Row) -> Step:
    asked = {} if row["environment"] == ENVIRONMENT else {"env": row["environment"]}
    kind = t("lineage.live" if row["live"] else "lineage.released")
    return Step(kind, f"{row['environment']} v{row['version']}", asked, row["candidate"], "releases")
