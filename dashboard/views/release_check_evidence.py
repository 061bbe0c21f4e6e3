"""Release check: the evidence of each group of checks, with the way to where it comes from."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard import widgets
from dashboard.language import current, t
from dashboard.metric_words import metric_name
from dashboard.run_said import run_said
from dashboard.views import campaign_words, plain, release_check_experts
from dashboard.views.lineage import around
from dashboard.views.plain import Column
from dashboard.views.release_check_link import run_link
from dashboard.words import count
from evals.gate.looking import Look
from evals.gate.numbers import points, signed

__all__ = ["show"]

SUITE = 12
"""Characters of a suite's digest in the address of Run · Forgetting."""

Row = dict[str, Any]


def show(group: str, seen: Look) -> None:
    """What a group's checks stand on, folded away; read when it is opened."""
    key = f"release-evidence-{group}-{seen.place.sha256[:SUITE]}"
    folded = st.expander(t(f"release.evidence.{group}"), key=key, on_change="rerun")
    if folded.open:
        with folded:
            _SHOWN[group](seen)


def _links(group: str, *drawn: Callable[[], None]) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"a-links-{group}"):
        for draw in drawn:
            draw()


def _training(seen: Look) -> None:
    health, place = seen.evidence["health"], seen.place
    exact = health["exact"]
    plain.facts(
        [
            (t("release.training.state"), t(f"checkpoint.{health['state']}")),
            (t("release.training.rollbacks"), count(health["rollbacks"])),
            (t("release.training.skipped"), count(health["skipped"])),
            (t("release.training.exact"), t("release.training.exact.of", equal=exact["equal"], times=exact["times"])),
            (t("release.training.alarms"), count(len(health["alarms"]))),
        ]
    )
    if health["alarms"]:
        columns = [Column(t("release.training.step"), numbers=True), Column(t("release.training.alarm"), wide=True)]
        plain.table(columns, [[count(row["step"] or 0), _alarm(row, place.run)] for row in health["alarms"]])
    steps = [row["step"] for row in health["alarms"] if row["step"] is not None and row["run"] == place.run]
    spikes = around(place.run, min(steps), max(steps)) if steps else {"view": "spikes"}
    _links(
        "training",
        lambda: run_link(place, t("release.link.curves"), view="curves"),
        lambda: run_link(place, t("release.link.spikes"), **{**spikes, "run": place.run}),
        lambda: run_link(place, t("release.link.checkpoint"), view="checkpoints"),
        lambda: run_link(place, t("release.link.log"), view="log"),
    )


def _alarm(row: Row, run: str) -> str:
    """What an alarm says; of a run that this one goes back to, with its name."""
    said = run_said(row["message"], current())
    return said if row["run"] == run else f"{row['run']}: {said}"


def _learned(seen: Look) -> None:
    rows = seen.evidence["scores"]
    if not rows:
        widgets.notice(t("release.evidence.scores.none"))
        return
    live = seen.live
    columns = [
        Column(t("release.scores.suite"), wide=True), Column(t("release.scores.metric")),
        Column(t("release.scores.n"), numbers=True), Column(t("release.scores.value"), numbers=True),
        Column(t("release.scores.over_base"), numbers=True),
        *([] if live is None else [Column(t("release.scores.over_live", version=live.version), numbers=True)]),
    ]  # fmt: skip
    plain.table(columns, [_score(row, beside=live is not None) for row in rows])
    widgets.notice(t("release.scores.what"))
    _links("learned", lambda: run_link(seen.place, t("release.link.scores"), view="scores"))


def _score(row: Row, *, beside: bool) -> list[str]:
    value = "–" if row["value"] is None else f"{row['value']:.1f}"
    cells = [row["suite"], metric_name(row["metric"], current()), _tested(row), value, _gap(row["over_base"])]
    return [*cells, _gap(row["over_live"])] if beside else cells


def _tested(row: Row) -> str:
    """Items that count: those that stand in the training data are left out."""
    if not row["leaked"]:
        return count(row["n"])
    return t("release.scores.without", n=count(row["n"] - row["leaked"]), leaked=count(row["leaked"]))


def _gap(gap: Row | None) -> str:
    if gap is None or not gap["n"]:
        return "–"
    return f"{signed(gap['value'])} ({signed(gap['low'])} … {signed(gap['high'])})".replace("-", "\u2212")


def _kept(seen: Look) -> None:
    rows = seen.evidence["forgetting"]
    if not rows:
        widgets.notice(t("release.evidence.kept.none"))
        return
    columns = [
        Column(t("release.scores.suite"), wide=True), Column(t("release.scores.n"), numbers=True),
        Column(t("release.kept.drop"), numbers=True), Column(t("release.kept.bound"), numbers=True),
        Column(t("release.kept.margin"), numbers=True), Column(t("release.kept.lost"), numbers=True),
        Column(t("release.kept.p"), numbers=True),
    ]  # fmt: skip
    margin = points(seen.policy.forgetting.margin)
    plain.table(columns, [_drop(row, margin) for row in rows])
    widgets.notice(t("release.kept.what"))
    _links("kept", *(_questions(seen, row) for row in rows))


def _questions(seen: Look, row: Row) -> Callable[[], None]:
    asked = {"view": "forgetting", "kept": row["sha256"][:SUITE]}
    return lambda: run_link(seen.place, t("release.link.lost", suite=widgets.plain(row["suite"])), **asked)


def _drop(row: Row, margin: str) -> list[str]:
    drop = row["drop"]
    if drop is None or not drop["n"]:
        return [row["suite"], _tested(row), "–", "–", margin, "–", "–"]
    value = f"{points(drop['value'])} ({points(drop['low'])} … {points(drop['high'])})".replace("-", "\u2212")
    lost = f"{count(drop['lost'])} / {count(drop['gained'])}"
    return [row["suite"], _tested(row), value, points(drop["bound"]), margin, lost, f"{drop['mid_p']:.2g}"]


def _leaks(seen: Look) -> None:
    rows = [*seen.evidence["scores"], *seen.evidence["forgetting"]]
    if not rows:
        widgets.notice(t("release.evidence.leaks.none"))
        return
    columns = [
        Column(t("release.scores.suite"), wide=True), Column(t("release.leaks.found"), numbers=True),
        Column(t("release.leaks.share"), numbers=True), Column(t("release.leaks.limit"), numbers=True),
    ]  # fmt: skip
    limit = campaign_words.share(seen.policy.forgetting.max_leaked)
    plain.table(columns, [[row["suite"], *_leaked(row), limit] for row in rows])
    _links(
        "leaks",
        lambda: run_link(seen.place, t("release.link.data"), view="data"),
        lambda: run_link(seen.place, t("release.link.scores"), view="scores"),
    )


def _leaked(row: Row) -> list[str]:
    if row["leak"] == "unchecked":
        return [t("release.leaks.unchecked"), "–"]
    found = t("release.leaks.of", leaked=count(row["leaked"]), n=count(row["n"]))
    return [found, campaign_words.share(row["leaked"] / row["n"] if row["n"] else 0.0)]


def _files(seen: Look) -> None:
    made = seen.proposal
    if made is None:
        widgets.notice(t("release.evidence.files.none"))
    else:
        _answers(made.answers)
        known: dict[str, Any] = made.data.get("versions") or {}
        plain.facts([(key, str(value)) for key, value in known.items()])
    _links("files", lambda: run_link(seen.place, t("release.link.checkpoint"), view="checkpoints"))


def _answers(rows: Any) -> None:
    """How the folder answered the questions of each campaign."""
    if not rows:
        widgets.notice(t("release.evidence.answers.none"))
        return
    columns = [
        Column(t("release.answers.campaign"), numbers=True), Column(t("release.answers.n"), numbers=True),
        Column(t("release.answers.differing"), numbers=True), Column(t("release.answers.first"), wide=True),
    ]  # fmt: skip
    cells = [
        [
            str(row["campaign"]),
            count(row["n"]),
            count(row["differing"]),
            ", ".join(map(str, row.get("items") or ())) or "–",
        ]
        for row in rows
    ]
    plain.table(columns, cells)


_SHOWN: dict[str, Callable[[Look], None]] = {
    "training": _training, "learned": _learned, "kept": _kept, "experts": release_check_experts.show,
    "leaks": _leaks, "files": _files,
}  # fmt: skip
