"""What charts are made of, and what they say to the browser."""

from collections import defaultdict

import altair as alt
import pyarrow as pa

from dashboard.charts.loss import LOWEST, LossData
from dashboard.charts.marks import MARKS

WORDS = defaultdict(lambda: "word", training="training", validation="validation", abandoned="abandoned")
_KEYS = (
    "step", "at_steps", "lowest", "highest", "smoothed_to", "training_last", "validation_last", "branch", "checkpoint",
    "state", "value", "value_last", "from_step",
)  # fmt: skip
PLAIN = {**WORDS, **dict.fromkeys(_KEYS, "word")}
SAID = {**PLAIN, "mark.nan": "not a number", "mark.inf": "infinite", "run": "run"}


def points(*rows, width=1):
    """Rows of metric, branch, active, step, min, max, last; a point stands for so many steps, all of its last value."""
    names = ("metric", "branch", "active", "step", "min", "max", "last")
    schema = pa.schema(
        [("metric", pa.string()), ("branch", pa.int32()), ("active", pa.bool_()), ("step", pa.int64())]
        + [(name, pa.float64()) for name in names[4:]]
    )
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=schema)
    ends = [step + width - 1 for step in table["step"].to_pylist()]
    totals = [width * last for last in table["last"].to_pylist()]
    more = {"step_last": pa.array(ends, pa.int64()), "n": [width] * len(ends), "total": pa.array(totals, pa.float64())}
    return pa.table({**dict(zip(table.column_names, table.columns, strict=True)), **more})


def marked(*rows):
    return pa.Table.from_pylist([dict(zip(MARKS.names, row, strict=True)) for row in rows], schema=MARKS)


def data(*rows, marks=(), checkpoints=(), forks=(), lowest=()):
    def two(values, word):
        schema = pa.schema([("step", pa.int64()), (word, pa.string())])
        return pa.Table.from_pylist([{"step": step, word: said} for step, said in values], schema=schema)

    ring = pa.Table.from_pylist([dict(zip(LOWEST.names, row, strict=True)) for row in lowest], schema=LOWEST)
    return LossData(points(*rows), marked(*marks), two(checkpoints, "state"), two(forks, "label"), ring)


ROWS = (
    ("loss", 1, True, 1, 2.0, 3.0, 2.5),
    ("loss", 1, True, 2, 1.0, 2.0, 1.5),
    ("loss", 1, False, 3, 8.0, 9.0, 8.5),
    ("loss", 2, True, 3, -1.0, 1.0, 0.5),
    ("val_loss", 2, True, 3, 1.2, 1.2, 1.2),
)


def layers(chart):
    with alt.data_transformers.enable("default"):
        spec = chart.to_dict()
    found = []
    for layer in spec["layer"]:
        rows = spec["datasets"][layer["data"]["name"]] if layer["data"].get("name") else []
        mark = layer["mark"] if isinstance(layer["mark"], dict) else {"type": layer["mark"]}
        found.append((mark["type"], mark, layer["encoding"], rows))
    return spec, found


def rows_of(found, kind, field):
    return [rows for name, _, encoding, rows in found if name == kind and encoding.get("y", {}).get("field") == field]
