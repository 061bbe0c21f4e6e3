"""Clean some rows of a file, in whatever process, and make of them what is written and what is compared."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from evals.data.alike import Numbers
from evals.data.build_options import BuildOptions
from evals.data.cleaning import CHANGES, Cleaned, clean
from evals.data.cleaning import STEPS as CLEANING
from evals.data.facts import digest
from evals.data.marks import Marks, marks_of
from evals.data.output import Layout, NotAlpacaError, line_of
from evals.data.row import DataRow
from evals.data.signatures import Signed, sign
from evals.text import Sample, Turn
from evals.text.errors import DataError
from evals.text.near import normal_form

__all__ = ["CleanedRows", "clean_rows", "rows_as_they_are"]


class CleanedRows(NamedTuple):
    """What becomes of some rows of a file; arrays and lists have an element for each row that is still there."""

    lines: bytes
    """The rows as they are written, one after the other."""

    sizes: Numbers
    """How many bytes each has."""

    rows: Numbers
    """Its number in its file, from 1."""

    tasks: list[str | None]
    """The subtask it names."""

    changed: Numbers
    """What was changed, a bit for each step."""

    forms: Numbers
    """Digest of its words in their normal form."""

    signed: Signed
    """By what near-duplicates are found."""

    marks: Marks
    """What its copies have as well."""

    dropped: list[tuple[int, str]]
    """Rows that are no longer there: number from 1, and why."""

    last: int
    """Number of the last row that was looked at, from 1."""


def clean_rows(samples: Sequence[Sample], *, file: str, source: str | None, options: BuildOptions) -> CleanedRows:
    """Clean rows; `source` is that of rows that name none. Raises DataError for a row that the layout cannot hold."""
    steps = frozenset(CLEANING) - set(options.skip)
    cleaned = [clean(sample.turns, steps, budget=options.history, system=options.system) for sample in samples]
    return _rows(list(zip(samples, cleaned, strict=True)), file, source, options.layout)


def rows_as_they_are(samples: Sequence[Sample], *, file: str, source: str | None, layout: Layout) -> CleanedRows:
    """The same of rows in which nothing is changed and of which none is dropped. Raises DataError as `clean_rows`."""
    return _rows([(sample, Cleaned(sample.turns, (), None)) for sample in samples], file, source, layout)


def _rows(all_of_them: Sequence[tuple[Sample, Cleaned]], file: str, source: str | None, layout: Layout) -> CleanedRows:
    kept = [(sample, row) for sample, row in all_of_them if row.dropped is None]
    lines = [_line(sample, row, file, source, layout) for sample, row in kept]
    forms = [_form(row.turns) for _, row in kept]
    return CleanedRows(
        lines=b"".join(lines),
        sizes=np.array([len(line) for line in lines], np.int64),
        rows=np.array([sample.row + 1 for sample, _ in kept], np.int64),
        tasks=[sample.task for sample, _ in kept],
        changed=np.array([sum(1 << CHANGES.index(name) for name in row.changed) for _, row in kept], np.uint8),
        forms=np.array([digest(form) for form in forms], np.uint64),
        signed=sign(forms),
        marks=marks_of([DataRow(file, replace(sample, turns=row.turns)) for sample, row in kept], forms),
        dropped=[(sample.row + 1, row.dropped) for sample, row in all_of_them if row.dropped],
        last=all_of_them[-1][0].row + 1,
    )


def _line(sample: Sample, row: Cleaned, file: str, source: str | None, layout: Layout) -> bytes:
    try:
        return line_of(sample, row.turns, source, layout)
    except NotAlpacaError as error:
        raise DataError(
            f"row {sample.row + 1} of {file} does not alternate between questions and answers, as Alpaca rows do; "
            f"use --layout chat"
        ) from error


def _form(turns: tuple[Turn, ...]) -> str:
    return normal_form("\n".join(turn.content for turn in turns if turn.role != "system"))
