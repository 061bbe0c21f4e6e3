"""Whether all rows are in one template: formats of files, system turns, templates written into the words."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from evals.data.facts import Facts, finding_of
from evals.data.finding import Finding, found
from evals.data.row import DataRow
from evals.data.template import label_in, token_in

__all__ = ["mixture", "template"]


def template(rows: Sequence[DataRow]) -> list[Finding]:
    """Rows with a template's tokens in their words, and those that begin with a speaker's label."""
    return [
        found("template-tokens", "error", rows, lambda row: token_in(row.sample.turns)),
        found("speaker-labels", "warning", rows, lambda row: next(filter(None, map(label_in, row.sample.turns)), None)),
    ]


def mixture(rows: Sequence[DataRow], facts: Facts, formats: Mapping[str, str]) -> list[Finding]:
    """Rows that are not like most: in a file of another format, or with a system turn where most have none, or without.

    `formats` has the format of each file.
    """
    return [_formats(rows, formats), _systems(rows, facts)]


def _formats(rows: Sequence[DataRow], formats: Mapping[str, str]) -> Finding:
    counts = Counter(formats[row.file] for row in rows)
    usual = counts.most_common(1)[0][0]
    odd = (row for row in rows if len(counts) > 1 and formats[row.file] != usual)
    return found("mixed-formats", "warning", odd, lambda row: f"{formats[row.file]}, most are {usual}")


def _systems(rows: Sequence[DataRow], facts: Facts) -> Finding:
    """System turns differ as tasks do; what differs by accident is having one at all."""
    told = facts.systems != 0
    few = 2 * told.sum() <= len(facts)
    words = "has a system turn, most have none" if few else "has no system turn, most have one"
    return finding_of("mixed-system-turns", "warning", rows, np.flatnonzero(told == few), lambda _: words)
