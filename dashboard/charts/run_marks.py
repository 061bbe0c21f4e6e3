"""Values that are no number where runs are laid over each other: crosses in each run's colour, a row a run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from dashboard.charts.marks import CROSSES, firsts, short, two_layers

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["Place", "run_crosses", "run_marks"]

Place: TypeAlias = tuple[float, str]
"""Where a value is no number, and which kind it is (`nan`, `inf`, `-inf`)."""

_SCHEMA = pa.schema(
    [("run", pa.string()), ("x", pa.float64()), ("height", pa.int32()), ("word", pa.string()), ("short", pa.string())]
)


def run_marks(runs: Mapping[str, Sequence[Place]], said: Mapping[str, str], reach: tuple[float, float]) -> pa.Table:
    """Columns run, x, height (in pixels from the top), word, short: a row a cross, one cross for those of a run that
    are too near to be told apart. Places are in order; what lies outside of the range is left out.
    """
    low, high = reach
    marked = {run: [place for place in places if low <= place[0] <= high] for run, places in runs.items()}
    shown = {run: places for run, places in marked.items() if places}
    rows = [
        {"run": run, "height": 6 + 12 * row, **cross}
        for row, (run, places) in enumerate(shown.items())
        for cross in _gathered(places, (high - low) / CROSSES, said)
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _gathered(places: list[Place], near: float, said: Mapping[str, str]) -> list[dict[str, Any]]:
    groups: list[list[Place]] = []
    for x, kind in places:
        if not groups or x - groups[-1][0][0] > near:
            groups.append([])
        groups[-1].append((x, kind))
    kinds = [list(dict.fromkeys(kind for _, kind in group)) for group in groups]
    words = [", ".join(said.get(f"mark.{kind}", kind) for kind in found) for found in kinds]
    return [
        {"x": group[0][0], "word": word, "short": name}
        for group, word, name in zip(groups, words, firsts(map(short, kinds)), strict=True)
    ]


def run_crosses(
    marks: pa.Table, x: alt.X, color: alt.Color, tooltip: list[alt.Tooltip], said: Mapping[str, str]
) -> list[alt.Chart]:
    """The two layers of what `run_marks` gave; `tooltip` says the run and the place."""
    height = alt.Y("height:Q", scale=None, axis=None)
    full = [*tooltip, alt.Tooltip("word:N", title=said["value"])]
    return two_layers(alt.Chart(marks).encode(x=x, y=height, color=color, tooltip=full))
