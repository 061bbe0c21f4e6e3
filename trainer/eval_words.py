"""Results of evaluations as a person reads them on the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from evals.metric_titles import TITLES as TEXT_TITLES
from store.commands.common import console
from store.evaluations import Evaluation, ScoreRow

if TYPE_CHECKING:
    from evals.forgetting.history import Evidence
    from trainer.evaluator import Found

__all__ = ["SHARES", "TITLES", "listed", "print_found"]

COLOURS = {"green": "green", "yellow": "yellow", "red": "bold red"}

TITLES = {
    **TEXT_TITLES, "acc": "right", "acc_norm": "right, by length", "nll": "nats a token",
    "bits_per_byte": "bits a byte", "kl": "divergence from the base",
}  # fmt: skip

LISTED = 5
"""Ids that are named."""

SHARES = ("acc", "acc_norm")
"""Shown in percent."""


def print_found(found: "Sequence[Found]") -> None:
    """Print a table a suite: scores, differences to base and to the checkpoint before, light, leaks."""
    for one in found:
        _print(one.evaluation, one.evidence)


def _print(one: Evaluation, forgotten: "Evidence | None") -> None:
    asked = f"{len(one.items):,} of {one.of:,}" if len(one.items) < one.of else f"{one.of:,}"
    items = "item" if one.of == 1 else "items"
    console.print(Text(f"{one.model} on {one.suite}", "bold"), f"{asked} {items}, {one.seconds:.1f} s")
    _print_cut(one)
    if one.measures == "shown":
        for row in one.items:
            console.print(f"  {row.answer}", markup=False)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("", "score", "95 % interval", "against the base", "against the one before", "without leaked"):
        table.add_column(heading, justify="right" if heading else "left")
    for row in one.scores:
        if not (row.versus or row.category or row.clean):
            versus = (one.score(row.metric, who) for who in ("base", "previous"))
            clean = next((part for part in one.scores if part.metric == row.metric and part.clean), None)
            cells = [
                TITLES.get(row.metric, row.metric),
                _value(row),
                _interval(row),
                *map(_signed, versus),
                _clean(clean),
            ]
            # Names are a suite's own, and may look like markup.
            table.add_row(*map(Text, cells))
    console.print(table)
    if forgotten is not None:
        _print_forgotten(forgotten)
    _print_leak(one)
    console.print()


def _print_cut(one: Evaluation) -> None:
    cut = one.data.get("cut") or []
    if cut:
        console.print(f"longer than the model reads, and cut at their start: {listed(cut)}", markup=False)


def _print_forgotten(found: "Evidence") -> None:
    light, compared = found.light, found.comparison
    console.print(f"[{COLOURS[light.colour]}]{light.colour}[/]: {light.why}")
    said = [f"{len(compared.lost)} lost, {len(compared.gained)} gained"]
    if compared.retention is not None:
        said.append(f"{100 * compared.retention:.1f} % kept of what the base knows beyond guessing")
    if compared.mde is not None:
        said.append(f"smallest drop this test could see {100 * compared.mde:.1f} points")
    console.print("; ".join(said))


def _print_leak(one: Evaluation) -> None:
    leak = one.data["leak"]
    if leak["status"] == "unchecked":
        console.print("not checked for leaks: no training data is known")
        return
    found = f"{len(leak['leaked']):,}" if leak["leaked"] else "none"
    console.print(f"{found} of {one.of:,} items found in the training data ({leak['rows']:,} rows)")


def listed(ids: Sequence[str]) -> str:
    """Ids in a sentence, the first few of many.

    >>> listed(["a", "b"]), listed([str(number) for number in range(9)])
    ('a, b', '0, 1, 2, 3, 4 and 4 more')
    """
    shown = ", ".join(ids[:LISTED])
    return shown if len(ids) <= LISTED else f"{shown} and {len(ids) - LISTED} more"


def _clean(row: ScoreRow | None) -> str:
    if row is None:
        return ""
    return f"{_value(row)} of {row.n:,}" if row.n else "all are leaked"


def _value(row: ScoreRow) -> str:
    if row.value is None:
        return row.signature or "not comparable"
    return _figure(row.metric, row.value)


def _figure(metric: str, value: float) -> str:
    return f"{100 * value:.1f} %" if metric in SHARES else f"{value:.2f}"


def _interval(row: ScoreRow) -> str:
    if row.low is None or row.high is None:
        return ""
    return f"{_figure(row.metric, row.low)} – {_figure(row.metric, row.high)}"


def _signed(row: ScoreRow | None) -> str:
    if row is None or row.value is None or row.low is None or row.high is None:
        return ""
    scale = 100 if row.metric in SHARES else 1
    value, low, high = (scale * part for part in (row.value, row.low, row.high))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})" if scale == 100 else f"{value:+.2f} ({low:+.2f} to {high:+.2f})"
