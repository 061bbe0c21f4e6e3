"""Look at training data: every check over all rows, and a score.

    checked = check_data(["triage.jsonl"], CheckOptions(suites=("suite.toml",)))

Rows are looked at in batches, in several processes where there are many: each batch gives its findings and a few
numbers a row (`Facts`), from which the checks that compare rows work.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from evals.data.alike import Alike
from evals.data.checks.answers import answers
from evals.data.checks.balance import balance
from evals.data.checks.characters import characters
from evals.data.checks.contradictions import contradictions
from evals.data.checks.duplicates import duplicates, repeated_answers, stock_sentences
from evals.data.checks.echo import echo
from evals.data.checks.encoding import encoding
from evals.data.checks.filler import filler
from evals.data.checks.history import history
from evals.data.checks.language import languages
from evals.data.checks.leakage import leakage
from evals.data.checks.length import length
from evals.data.checks.personal import personal
from evals.data.checks.preferences import chosen_lengths, preferences
from evals.data.checks.refusals import refusals
from evals.data.checks.repetition import repetition
from evals.data.checks.template import mixture, template
from evals.data.checks.translation import translation
from evals.data.distributions import Lengths, distributions, lengths_of
from evals.data.facts import Facts, facts_of, forms_of
from evals.data.finding import SEVERITIES, Finding, merged
from evals.data.marks import Marks, marks_of
from evals.data.pool import cores, in_processes
from evals.data.progress import Progress, untold
from evals.data.reading import DataFile, read_data
from evals.data.row import DataRow
from evals.data.scoring import cost, score_of
from evals.data.signatures import Signed, sign
from evals.data.tokens import check_tokenizer, token_counts
from evals.suite import read_suite

__all__ = ["CHARACTERS", "TOKENS", "CheckOptions", "Checked", "check_data"]

TOKENS = 1024
"""Tokens of a row that training reads where it is not told otherwise."""

CHARACTERS = 4096
"""Characters that are more than so many tokens in any language."""

BATCH = 200
"""Rows looked at together: their 5-grams fit into a processor's cache."""

FEW = 5000
"""Rows up to which starting processes takes longer than looking."""

LOCAL: tuple[Callable[[Sequence[DataRow]], list[Finding]], ...] = (
    answers, template, filler, repetition, characters, personal, translation, history, echo, preferences,
)  # fmt: skip
"""Checks that look at each row alone."""


@dataclass(frozen=True)
class CheckOptions:
    """What is looked for beside what is always."""

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """The files' names of our columns, as `read_samples` takes them."""

    suites: tuple[str, ...] = ()
    """Files of suites whose items are looked for in the rows."""

    tokenizer: str | None = None
    """A model's folder, or its tokenizer.json, by which lengths are counted; None for characters."""

    max_length: int | None = None
    """Tokens, or characters, of a row that training reads; None for TOKENS or CHARACTERS."""

    processes: int | None = None
    """Processes that look at rows; None for one a processor, or one alone where rows are few."""


@dataclass(frozen=True)
class Checked:
    """What was found."""

    rows: int
    """Rows that were looked at."""

    score: float
    """0 to 100: 100 less the costs of all findings."""

    findings: tuple[Finding, ...]
    """What was found, the costliest first."""

    distributions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """How the rows are made up; see `evals.data.distributions`."""

    files: tuple[Mapping[str, Any], ...] = ()
    """The files that were read: file, sha256, rows, encoding, format."""

    def cost(self, finding: Finding) -> float:
        """Points a finding takes from the score."""
        return cost(finding, self.rows)

    def as_dict(self) -> dict[str, Any]:
        """The result as the command prints it."""
        return {
            "rows": self.rows, "score": self.score, "findings": [finding.as_dict() for finding in self.findings],
            "distributions": dict(self.distributions), "files": [dict(file) for file in self.files],
        }  # fmt: skip


class _Looked(NamedTuple):
    """What one process says of a batch."""

    findings: list[Finding]
    facts: Facts
    lengths: Lengths
    signed: Signed
    marks: Marks


def check_data(specs: Sequence[str], options: CheckOptions, progress: Progress = untold) -> Checked:
    """Check data files, or data sets of a dataset_info.json. Raises DataError and AssayError in a sentence."""
    # Suites and tokenizer first: what is wrong with them is said before minutes of work.
    suites = [read_suite(path) for path in options.suites]
    tokenizer = None if options.tokenizer is None else check_tokenizer(options.tokenizer)
    files = list(_told(read_data(list(specs), options.columns), len(specs), progress))
    rows = [row for file in files for row in file.rows]
    longest = options.max_length or (CHARACTERS if tokenizer is None else TOKENS)
    look = partial(_look, tokenizer=tokenizer, longest=longest)
    processes = options.processes or (1 if len(rows) <= FEW else cores())
    with tempfile.TemporaryDirectory(prefix="assay-data-") as folder, Alike(Path(folder)) as alike:
        findings, parts, lengths, marks = list[Finding](), list[Facts](), list[Lengths](), list[Marks]()
        with closing(in_processes(look, _batches(rows), processes)) as results:
            for number, looked in enumerate(results, start=1):
                progress("rows", min(number * BATCH, len(rows)), len(rows))
                findings = merged([*findings, *looked.findings])
                parts.append(looked.facts)
                lengths.append(looked.lengths)
                marks.append(looked.marks)
                alike.add(looked.signed)
        facts = Facts.joined(parts)
        progress("near-duplicates", 0, 1)
        findings += duplicates(rows, facts, alike.copies_of(facts.words, marks=Marks.joined(marks)))
    findings += _together(rows, facts, files)
    progress("suites", 0, len(suites))
    findings += leakage(rows, suites)
    sources, unit = {file.name: file.source for file in files}, "characters" if tokenizer is None else "tokens"
    made_up = distributions(rows, facts, Lengths.joined(lengths), sources, unit)
    return _checked(findings, len(rows), made_up, files)


def _told(files: Iterator[DataFile], count: int, progress: Progress) -> Iterator[DataFile]:
    for number, file in enumerate(files, start=1):
        progress("files", number, count)
        yield file


def _batches(rows: Sequence[DataRow]) -> Iterator[Sequence[DataRow]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _look(rows: Sequence[DataRow], *, tokenizer: Path | None, longest: int) -> _Looked:
    """Look at some rows, in whatever process."""
    findings = [finding for check in LOCAL for finding in check(rows)]
    texts = [turn.content for row in rows for turn in row.sample.turns]
    # Counted once: of tokens that takes longer than all else.
    sizes = list(map(len, texts)) if tokenizer is None else token_counts(tokenizer, texts)
    findings += length(rows, longest, lambda _: sizes, "characters" if tokenizer is None else "tokens")
    forms = forms_of(rows)
    said = [one for one in findings if one.count]
    return _Looked(said, facts_of(rows, forms), lengths_of(rows, sizes), sign(forms), marks_of(rows, forms))


def _together(rows: Sequence[DataRow], facts: Facts, files: Sequence[DataFile]) -> list[Finding]:
    """The checks that compare rows, but for duplicates and suites."""
    return [
        *encoding(rows, {file.name: file.encoding for file in files}),
        *mixture(rows, facts, {file.name: file.format for file in files}),
        *repeated_answers(rows, facts),
        *stock_sentences(rows, facts),
        *contradictions(rows, facts),
        *languages(rows, facts),
        *balance(rows),
        *refusals(rows, facts),
        *chosen_lengths(rows),
    ]


ALWAYS_SAID = ("negative-examples",)
"""Findings that say something where there is none, too."""


def _checked(findings: Sequence[Finding], rows: int, made_up: Mapping[str, Any], files: Sequence[DataFile]) -> Checked:
    said = [one for one in findings if one.count or one.check in ALWAYS_SAID]
    said.sort(key=lambda one: (-cost(one, rows), SEVERITIES.index(one.severity), -one.count, one.check))
    return Checked(rows, score_of(said, rows), tuple(said), made_up, tuple(file.facts for file in files))
