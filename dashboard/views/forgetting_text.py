"""Run · Forgetting: how surprising general text became."""

from typing import Any

from dashboard import widgets
from dashboard.language import t
from dashboard.suites import Suite
from dashboard.views.plain import Column, table
from dashboard.words import count
from evals.forgetting.drift import band

__all__ = ["show"]

BANDS = {
    "negligible": "forget.band.negligible", "normal": "forget.band.normal", "raised": "forget.band.raised",
    "alarm": "forget.band.alarm",
}  # fmt: skip

MOST = 12
"""Checkpoints listed, the newest."""

Row = dict[str, Any]
Scores = dict[tuple[int, str, str | None], Row]


def show(suite: Suite, scores: list[Row]) -> None:
    """A row a checkpoint of the present path, the newest first."""
    whole = [row for row in scores if not row["category"] and not row["clean"]]
    found = {(row["eval_id"], row["metric"], row["versus"]): row for row in whole}
    widgets.heading(t("forget.text", suite=suite.name), t("forget.text.what"))
    columns = (
        Column(t("shelf.step"), numbers=True), Column(t("forget.text.rise"), numbers=True),
        Column(t("forget.text.band")), Column(t("forget.text.bits"), numbers=True),
        Column(t("forget.text.kl"), numbers=True),
    )  # fmt: skip
    rows = [row for row in reversed(suite.rows) if row["active"]]
    table(columns, [_cells(row, suite.base, found) for row in rows[:MOST]])
    if len(rows) > MOST:
        widgets.notice(t("forget.text.more", count=len(rows) - MOST))


def _cells(row: Row, base: Row | None, found: Scores) -> list[str]:
    rise = found.get((row["id"], "nll", "base"))
    value: float | None = rise["value"] if rise else None
    bits, kl = _value(found, row, "bits_per_byte"), _value(found, row, "kl")
    before = _value(found, base, "bits_per_byte") if base else "–"
    return [
        count(row["step"]), t("forget.text.incomparable") if value is None or rise is None else _rise(rise),
        "–" if value is None else t(BANDS[band(value)]), f"{before} → {bits}", kl,
    ]  # fmt: skip


def _rise(rise: Row) -> str:
    said = f"{rise['value']:+.3f}"
    if rise["low"] is not None and rise["high"] is not None:
        said += f" ({rise['low']:+.3f} – {rise['high']:+.3f})"
    return said.replace("-", "−")


def _value(found: Scores, row: Row, metric: str) -> str:
    score = found.get((row["id"], metric, None))
    return "–" if score is None or score["value"] is None else f"{score['value']:.3f}"
