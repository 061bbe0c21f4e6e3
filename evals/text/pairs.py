"""Rows of preferences: a prompt with an answer that was chosen and one that was rejected.

Read are what `assay review export` writes, the formats of TRL (docs/source/dataset_formats.md there) and those of
LLaMA-Factory's ranking data (data/README.md there):

    prompt, chosen, rejected                       texts, or lists of turns; also our own export
    chosen, rejected                               conversations that share their beginning
    instruction, input, chosen, rejected           texts; history and system as well
    conversations, chosen, rejected                turns, and one turn each

A text is a turn: the chat template is put around it as in every other stage. Other columns are not read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from evals.text.columns import COLUMNS, TAGS, in_their_words, shown, tags_of
from evals.text.conversation import Tags, conversation, text_in
from evals.text.errors import DataError, hint
from evals.text.files import FILES, Record, read_records
from evals.text.formats import FORMATS, format_of
from evals.text.record import Row, as_list, as_object
from evals.text.sample import Sample, Turn, text_hash, words_of

__all__ = ["ANSWERS", "Pair", "are_pairs", "prompt_words", "read_pairs"]

ANSWERS = ("chosen", "rejected")
"""The columns that make a row a preference."""

PROMPTS = ("conversations", "instruction", "prompt")
"""Columns that hold what was asked, the first one present wins."""


@dataclass(frozen=True)
class Pair(Sample):
    """A row of preferences; its turns are the prompt with the answer that was chosen."""

    rejected: str = ""
    """The answer that was rejected."""

    @cached_property
    def hash(self) -> str:
        """First 16 characters of the SHA-256 of roles and words, those of both answers."""
        return text_hash((*self.turns, Turn("assistant", self.rejected)))

    @property
    def other(self) -> Sample:
        """The prompt with the answer that was rejected."""
        return Sample(self.row, (*self.turns[:-1], Turn("assistant", self.rejected)))


def read_pairs(path: Path, columns: Mapping[str, str]) -> list[Pair]:
    """Read every row of a file of preferences; `columns` has the file's names of columns of ours, or tags.

    Raises DataError naming file and line: a file that cannot be read, a name nobody knows, a row that is no preference.
    """
    for name in columns:
        if name not in (*COLUMNS, *ANSWERS, *TAGS):
            known = (*COLUMNS, *ANSWERS, *TAGS)
            raise DataError(f"the column mapping names {name}, which Assay does not know; {hint(name, known)}")
    records = read_records(path)
    _check_there(records, columns, path)
    tags = tags_of(columns)
    return [_pair(row, record, columns, tags) for row, record in enumerate(records)]


def are_pairs(path: Path, columns: Mapping[str, str]) -> bool:
    """Whether a file has preferences: by the names of its columns where they are given, else by its first row.

    A row that can be learned from otherwise as well, as it has messages too, is none. Raises DataError.
    """
    if set(ANSWERS) & set(columns):
        return True
    reader = FILES.get(path.suffix.lower())
    first = next(reader(path), None) if reader and path.is_file() else None
    if first is None:
        return False
    row = _renamed(first.fields, columns)
    found = format_of(row)
    # LLaMA-Factory's ranking data has a conversation before the answers, or an output that is empty.
    is_ranking = found is None or found.name == "ShareGPT" or (found.name == "Alpaca" and not row["output"])
    return set(ANSWERS) <= set(row) and is_ranking


def prompt_words(pair: Sample) -> str:
    r"""What is asked in a preference, without its system turns: rows of one prompt are held out together.

    >>> prompt_words(Pair(0, (Turn("user", "1 + 1?"), Turn("assistant", "2")), rejected="3"))
    '1 + 1?'
    """
    return words_of(Sample(pair.row, pair.turns[:-1]))


def _check_there(records: Sequence[Record], columns: Mapping[str, str], path: Path) -> None:
    """Raise DataError for a column that is named, and that no row of the file has."""
    present = dict.fromkeys(name for record in records for name in record.fields)
    for ours, theirs in columns.items():
        if ours not in TAGS and theirs and theirs not in present:
            raise DataError(
                f"{path} has no column {theirs}, which the column mapping names for {ours}; "
                f"it has the columns {', '.join(present) or '(none)'}"
            )


def _pair(number: int, record: Record, columns: Mapping[str, str], tags: Tags) -> Pair:
    row = _renamed(record.fields, columns)
    if missing := [name for name in ANSWERS if name not in row]:
        raise DataError(
            f"{record.place} lacks {shown(missing, columns)}: a row of preferences has chosen and rejected, beside "
            f"prompt, instruction or conversations; this one has the columns {shown(row, columns) or '(none)'}"
        )
    try:
        prompt, chosen, rejected = _split(row, tags)
    except ValueError as error:
        raise DataError(f"{record.place}: {in_their_words(str(error), columns)}") from error
    names = {name: _label(row, theirs) for name, theirs in _LABELS.items()}
    return Pair(number, (*prompt, chosen), rejected=rejected.content, **names)


def _renamed(fields: Row, columns: Mapping[str, str]) -> Row:
    mapped = {ours: theirs for ours, theirs in columns.items() if ours not in TAGS}
    taken = {*mapped, *mapped.values()}
    new = {ours: fields[theirs] for ours, theirs in mapped.items() if theirs in fields}
    return new | {name: value for name, value in fields.items() if name not in taken}


def _split(row: Row, tags: Tags) -> tuple[list[Turn], Turn, Turn]:
    """The prompt of a row and its answers. Raises ValueError in words."""
    prompt = _prompt(row, tags)
    chosen, rejected = (_answer(row[name], name, tags) for name in ANSWERS)
    shared = _shared(chosen, rejected)
    ends = [*chosen[len(shared) :], *rejected[len(shared) :]]
    if len(ends) != 2 or {turn.role for turn in ends} != {"assistant"}:
        raise ValueError(
            "`chosen` and `rejected` must each be one answer of the assistant behind the turns they share, and share "
            f"{len(shared)} of {len(chosen)} and {len(rejected)} turns"
        )
    asked = _joined(prompt, shared)
    if row.get("system") and (not asked or asked[0].role != "system"):
        asked.insert(0, Turn("system", text_in(row["system"], "system")))
    if not asked or asked[-1].role != "user":
        none = "there is none; give a column prompt, or begin both answers with the turns before them"
        what = f"ends with a turn of the {asked[-1].role}" if asked else none
        raise ValueError(f"the prompt must end with a question of the user, and {what}")
    return asked, ends[0], ends[1]


def _prompt(row: Row, tags: Tags) -> list[Turn]:
    """What the columns for it say was asked; nothing where the answers bring it along."""
    name = next((name for name in PROMPTS if row.get(name) is not None), None)
    if name == "instruction":
        # As of any Alpaca row: history, instruction and input, without an answer.
        alpaca = next(item for item in FORMATS if item.name == "Alpaca")
        asked = {key: value for key, value in row.items() if key not in ("output", "system")}
        return list(alpaca.turns(asked, tags))[:-1]
    if name is None:
        return []
    if name == "prompt" and as_list(row[name]) is None:
        return [Turn("user", text_in(row[name], name))]
    return list(conversation(row[name], name, tags))


def _answer(value: Any, name: str, tags: Tags) -> list[Turn]:
    """An answer as it stands in a row: a text, a turn, or turns."""
    turn = as_object(value)
    if turn is not None:
        value = [turn]
    if as_list(value) is None:
        return [Turn("assistant", text_in(value, name))]
    return list(conversation(value, name, tags))


def _shared(chosen: Sequence[Turn], rejected: Sequence[Turn]) -> list[Turn]:
    """The turns with which two conversations begin alike, their last ones left out."""
    found: list[Turn] = []
    for one, other in zip(chosen[:-1], rejected[:-1], strict=False):
        if one != other:
            break
        found.append(one)
    return found


def _joined(prompt: Sequence[Turn], shared: Sequence[Turn]) -> list[Turn]:
    """The whole prompt, of a column for it and of what both answers begin with. Raises ValueError in words."""
    if not shared or not prompt or shared[0].role == "assistant":
        return [*prompt, *shared]
    # Some files say what was asked twice: in a column, and at the beginning of each answer.
    if all(turn in shared for turn in prompt):
        return list(shared)
    raise ValueError("`chosen` and `rejected` begin with another conversation than `prompt`; leave one of them out")


_LABELS = {"id": ("id",), "source": ("source",), "task": ("task", "category", "department")}
"""Columns that name a row, the first one present wins."""


def _label(row: Row, columns: Iterable[str]) -> str | None:
    found = (row.get(column) for column in columns)
    return next((str(value) for value in found if isinstance(value, str | int) and value != ""), None)
