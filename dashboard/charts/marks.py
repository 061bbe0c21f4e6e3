"""Values that are no number (NaN, Inf): a cross at the top of a chart where they are."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from dashboard.colors import Look
from dashboard.tables import between, table_of, values

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["CROSSES", "MARKS", "crosses", "extent", "firsts", "named_marks", "short", "two_layers"]

MARKS = pa.schema([("name", pa.string()), ("active", pa.bool_()), ("step", pa.int64()), ("kind", pa.string())])
"""Whose value it is (as shown), whether it is on the active path, where, and what it is (`nan`, `inf`, `-inf`)."""

Words: TypeAlias = Mapping[str, str]
Row: TypeAlias = dict[str, Any]

CROSSES = 100
"""Crosses that can stand side by side in a small chart."""

_SHORT = {"nan": "NaN", "inf": "Inf", "-inf": "-Inf"}


def named_marks(marks: pa.Table, labels: Mapping[str, str]) -> pa.Table:
    """Marks of a series (see `store.series`) as the table `MARKS`: those of the metrics that have a label."""
    chosen = [row for row in marks.to_pylist() if row["metric"] in labels]
    return pa.Table.from_pylist([{**row, "name": labels[row["metric"]]} for row in chosen], schema=MARKS)


def crosses(marks: pa.Table, x: alt.X, words: Words, look: Look, reach: tuple[int, int]) -> list[alt.Chart]:
    """A cross for the `MARKS` within the range of steps that the chart shows, one for those too near to be told
    apart; grey where all of them were abandoned.

    `words` has step, value and each `mark.` kind.
    """
    shown, near = between(marks, "step", *reach), (reach[1] - reach[0]) // CROSSES
    base = alt.Chart(_gathered(shown.to_pylist(), near, words)).encode(x=x, y=alt.value(6))
    color = alt.condition(alt.datum.active, alt.value(look.bad), alt.value(look.abandoned))
    tooltip = [alt.Tooltip("step:Q", title=words["step"], format=",d"), alt.Tooltip("word:N", title=words["value"])]
    return two_layers(base.encode(color=color, tooltip=tooltip))


def extent(*tables: pa.Table, column: str = "step") -> tuple[Any, Any]:
    """The lowest and the highest of the values in a column of several tables; 0 where there are none."""
    found = [value for table in tables for value in values(table, column)]
    return min(found, default=0), max(found, default=0)


def two_layers(base: alt.Chart) -> list[alt.Chart]:
    """The crosses, and the words of the column `short` beside them."""
    cross = base.mark_point(shape="cross", angle=45, size=70, filled=True, opacity=1)
    return [cross, base.mark_text(align="right", dx=-8, fontSize=11).encode(text="short:N")]


def _gathered(marks: list[Row], near: int, words: Words) -> pa.Table:
    """A row for all marks within `near` steps of a first one: crosses in one place would hide each other."""
    found: list[list[Row]] = []
    for row in sorted(marks, key=lambda row: row["step"]):
        if not found or row["step"] - found[-1][0]["step"] > near:
            found.append([])
        found[-1].append(row)
    columns = {
        "step": pa.array([rows[0]["step"] for rows in found], pa.int64()),
        "active": pa.array([any(row["active"] for row in rows) for rows in found], pa.bool_()),
        "word": pa.array([_said(rows, words) for rows in found], pa.string()),
        "short": pa.array(firsts(short(row["kind"] for row in rows) for rows in found), pa.string()),
    }
    return table_of(columns)


def _said(rows: list[Row], words: Words) -> str:
    return ", ".join(dict.fromkeys(f"{row['name']}: {words.get('mark.' + row['kind'], row['kind'])}" for row in rows))


def short(kinds: Iterable[str]) -> str:
    """Kinds of values that are no number, each once, as they are written in a program.

    >>> short(["inf", "nan", "inf"])
    'Inf, NaN'
    """
    return ", ".join(_SHORT.get(kind, kind) for kind in dict.fromkeys(kinds))


def firsts(texts: Iterable[str]) -> list[str]:
    """Each text where it comes first, nothing where it comes again.

    >>> firsts(["NaN", "NaN", "Inf", "NaN"])
    ['NaN', '', 'Inf', '']
    """
    given = list(texts)
    return [text if given.index(text) == place else "" for place, text in enumerate(given)]
