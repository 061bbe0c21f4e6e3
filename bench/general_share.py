"""How much general data to mix in: what the demo's models keep and learn at six shares, over five seeds.

    python -m bench.general_share                        about 90 minutes on two cores
    python -m bench.general_share --store DIR --write

For each seed a base is made from nothing and reads the handbook, as in `assay demo`; then the triage desk is learned
from there with each share of general tokens. The domain is read for the same number of passes every time, so general
tokens are added to it and a larger share takes more steps. With `--store` what was measured is kept in that folder,
and a second start goes on where the first one ended. `--write` replaces the table that `assay plan` shows and its plot.

A share is supported where it keeps more than none by a margin whose 95 % interval excludes zero, and what was learned
is not worse than without by more than two chrF points (upper bound). The intervals are Student's over the seeds, of
differences between two runs from the same base.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import altair as alt
from scipy.stats import t as student

from bench import common
from bench.desk import Desk, kept_rows
from trainer.demo.story import STEPS
from trainer.planning.share import MEASURED

SHARES = (0.0, 0.1, 0.2, 0.5, 0.83, 0.91)
SEEDS = (0, 1, 2, 3, 4)
PLOT = common.ROOT / "docs" / "img" / "general-share.svg"

MAY_LOSE = 2.0
"""Points of chrF by which a share may be worse on the domain than none, at the most."""

Row = dict[str, Any]


def main() -> None:
    """Measure what is missing, print the table and what it supports."""
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        place = options.store or Path(temporary)
        found = [row for seed in options.seeds for row in _measured(place / f"seed-{seed}", seed, options)]
    report = common.Report(__doc__, options)
    rows = [_summary(share, found) for share in options.shares]
    report.table("means over the seeds; changes against none mixed in, with 95 % intervals", list(map(_printed, rows)))
    print(_verdict(rows))
    if options.write:
        _write(options, found, rows)


def _options() -> argparse.Namespace:
    parser = common.parser(__doc__, peers=False)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--shares", type=float, nargs="+", default=list(SHARES))
    parser.add_argument("--epochs", type=float, default=2.0, help="passes over the domain; default: 2")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"steps of the base; default: {STEPS}")
    parser.add_argument("--store", type=Path, help="a folder that is kept")
    parser.add_argument("--write", action="store_true", help="replace the table of `assay plan` and its plot in docs/")
    return parser.parse_args()


def _measured(root: Path, seed: int, options: argparse.Namespace) -> Iterator[Row]:
    """A row a share: what the model kept and learned."""
    file = root / "general_share.jsonl"
    known = [row for row in kept_rows(file) if row["share"] in options.shares]
    yield from known
    missing = [share for share in options.shares if share not in {row["share"] for row in known}]
    desk = Desk(root, seed, options.steps) if missing else None
    for share in missing:
        assert desk is not None, "something is missing"
        began = time.perf_counter()
        name, passes = f"share-{round(100 * share)}", {"train": {"epochs": options.epochs}}
        found = desk.learn(desk.config(name, desk.handbook, share=share, changes=passes))
        row = {
            "seed": seed, "share": share, "kept": found.marks.facts_b, "had": desk.before.facts_b, "chrf": found.chrf,
            "department": found.marks.department, "steps": found.steps,
            "seconds": round(time.perf_counter() - began, 1),
        }  # fmt: skip
        with file.open("a") as end:
            end.write(json.dumps(row) + "\n")
        yield row


def _summary(share: float, rows: list[Row]) -> Row:
    """Means over the seeds, and what a share changes against none."""
    of = {row["seed"]: row for row in rows if row["share"] == share}
    none = {row["seed"]: row for row in rows if row["share"] == 0.0}
    both = sorted(of.keys() & none.keys())
    kept = _interval([100 * (of[seed]["kept"] - none[seed]["kept"]) for seed in both])
    changes = [of[seed]["chrf"] - none[seed]["chrf"] for seed in both]
    chrf = _interval(changes)
    return {
        "share": share, "seeds": len(of), "steps": round(mean(row["steps"] for row in of.values())),
        "kept": round(100 * mean(row["kept"] for row in of.values()), 1), "kept_change": kept,
        "chrf": round(mean(row["chrf"] for row in of.values()), 1), "chrf_change": chrf,
        "chrf_at_least": _interval(changes, 0.95)[1],
        "department": round(100 * mean(row["department"] for row in of.values()), 1),
        "supported": share > 0 and kept[1] > 0 and chrf[1] >= -MAY_LOSE,
    }  # fmt: skip


def _interval(values: list[float], quantile: float = 0.975) -> list[float]:
    """Mean and interval of differences, one a seed: 95 %, or of which each end is a one-sided bound of 95 %."""
    middle = mean(values)
    half = (
        float(student.ppf(quantile, len(values) - 1)) * stdev(values) / len(values) ** 0.5 if len(values) > 1 else 100.0
    )
    return [round(value, 2) for value in (middle, middle - half, middle + half)]


def _printed(row: Row) -> Row:
    """A row as the table has it."""
    changes = {name: "{:+.1f} ({:+.1f} to {:+.1f})".format(*row[name]) for name in ("kept_change", "chrf_change")}
    return {**row, **changes, "supported": "yes" if row["supported"] else "no"}


def _verdict(rows: list[Row]) -> str:
    held = [f"{100 * row['share']:.0f} %" for row in rows if row["supported"]]
    return f"supported: {', '.join(held)}" if held else "no share meets both: the default stays at 20 %"


def _write(options: argparse.Namespace, found: list[Row], rows: list[Row]) -> None:
    versions = {name: version(name) for name in ("torch", "transformers", "peft")}
    told = {"epochs": options.epochs, "base_steps": options.steps, "versions": versions, "rows": rows}
    MEASURED.write_text(json.dumps({**told, "runs": found}, indent=1) + "\n")
    points = [
        {"share": f"{100 * row['share']:.0f} %", "what": what, **_span(row[key])}
        for row in rows
        for what, key in (("facts kept", "kept_change"), ("chrF on the domain", "chrf_change"))
        if row["share"] > 0
    ]
    _plot(points, [point["share"] for point in points[::2]]).save(PLOT)


def _span(change: list[float]) -> Row:
    return dict(zip(("value", "low", "high"), change, strict=True))


def _plot(points: list[Row], order: list[str]) -> alt.FacetChart:
    """Both changes by share, with their intervals."""
    base = alt.Chart().encode(
        x=alt.X("share:N", sort=order, title="share of general tokens", axis=alt.Axis(labelAngle=0))
    )
    bars = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title="points against none mixed in"), y2="high:Q")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(y="value:Q")
    zero = alt.Chart().mark_rule(strokeDash=[4, 4]).encode(y=alt.datum(0))
    panel = alt.layer(zero, bars, dots, data=alt.Data(values=points)).properties(width=300, height=220)
    return panel.facet(column=alt.Column("what:N", title=None)).resolve_scale(y="independent")


if __name__ == "__main__":
    main()
