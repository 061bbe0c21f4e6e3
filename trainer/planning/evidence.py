"""What the data is: pairs or documents, how many, how long; counted whole, in tokens by a seeded sample."""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from evals.text import Sample, Turn, read_samples
from evals.text.files import FILES
from trainer.pairs import ANSWERS, Pair, read_pairs
from trainer.planning.tokens import Counted, Tokens, is_han
from trainer.ranking import locate_pairs

__all__ = ["DOCUMENTS", "PAIRS", "PREFERENCES", "TURN_TOKENS", "Evidence", "Kind", "read_evidence"]

PAIRS, DOCUMENTS, PREFERENCES = "pairs", "documents", "preferences"

SAMPLED = 1000
"""Rows of each kind that are turned into tokens."""

CHARACTERS = 2_000_000
"""Characters that are turned into tokens at the most; the first one of the sample always is."""

LONGEST = 20_000
"""Characters of a turn that are turned into tokens; of a longer one the rest counts as those do."""

TURN_TOKENS = 8
"""Tokens a chat template adds to a turn, at the most of those we know: who speaks, and the end of it."""


@dataclass(frozen=True)
class Kind:
    """All rows of one kind."""

    files: tuple[str, ...]
    """Where they stand, as they were named."""

    rows: int
    """How many there are."""

    characters: int
    """Characters of all rows."""

    tokens: int
    """Tokens of all rows, from the sample; estimated without a tokenizer."""

    lengths: tuple[int, ...]
    """Tokens of each row of the sample with its template, in order of size."""

    learned: float
    """Share of the tokens that are learned: of pairs the answers."""

    def parts(self, length: int) -> int:
        """In how many parts of so many tokens at the most all rows are read, from the sample.

        >>> Kind((), 100, 0, 0, (10, 30), 1.0).parts(20)
        150
        """
        return round(self.rows * sum(-(-own // length) for own in self.lengths) / len(self.lengths))

    def length_of(self, share: float) -> int:
        """Tokens that so large a share of the rows does not exceed."""
        return self.lengths[min(len(self.lengths) - 1, int(share * len(self.lengths)))]


@dataclass(frozen=True)
class Evidence:
    """What is known of the data."""

    pairs: Kind | None
    """Rows with answers."""

    documents: Kind | None
    """Rows of plain text."""

    sampled: int
    """Rows that were turned into tokens."""

    han_share: float
    """Share of Chinese characters among the letters of the sample; they are letters too."""

    han_tokens: float | None
    """Tokens a Chinese character; None without a tokenizer, or without such characters."""

    letter_tokens: float | None
    """Tokens a letter of any other script; None as above."""

    preferences: Kind | None = None
    """Rows with an answer that was chosen and one that was rejected; tokens and lengths are those of the longer one."""

    @property
    def rows_of_pairs(self) -> int:
        """How many pairs there are."""
        return self.pairs.rows if self.pairs else 0


def read_evidence(files: Sequence[str], tokens: Tokens | None, seed: int = 0) -> Evidence:
    """Read all rows of some data files, and turn a seeded sample of them into tokens. Raises DataError."""
    kinds = (PAIRS, DOCUMENTS, PREFERENCES)
    rows: dict[str, list[Sample]] = {kind: [] for kind in kinds}
    named: dict[str, list[str]] = {kind: [] for kind in kinds}
    for spec in files:
        kind, samples = _read(spec)
        rows[kind] += samples
        named[kind].append(_absolute(spec))
    sums = _Sums()
    pairs, documents, preferences = (
        _kind(named[kind], rows[kind], tokens, random.Random(f"{seed}/{kind}"), sums)  # noqa: S311 - a sample, no secret
        for kind in kinds
    )
    letters = sums.han + sums.letters
    return Evidence(
        pairs=pairs, documents=documents, sampled=sums.rows, han_share=sums.han / letters if letters else 0.0,
        han_tokens=sums.han_tokens / sums.han if tokens and sums.han else None,
        letter_tokens=sums.letter_tokens / sums.letters if tokens and sums.letters else None,
        preferences=preferences,
    )  # fmt: skip


def _read(spec: str) -> tuple[str, list[Sample]]:
    """The rows of a data file, and of which kind they are; of preferences each with the longer answer."""
    place = locate_pairs(spec, {})
    path = place.path.expanduser()
    reader = FILES.get(path.suffix.lower())
    first = None
    with suppress(OSError):  # which the reading of all rows tells of
        first = next(reader(path), None) if reader else None
    if first and all(place.columns.get(name, name) in first.fields for name in ANSWERS):
        return PREFERENCES, [_longer(pair) for pair in read_pairs(path, place.columns)]
    samples = read_samples(spec)
    return (DOCUMENTS if samples[0].turns[0].role == "text" else PAIRS), samples


def _longer(pair: Pair) -> Sample:
    said = max(pair.turns[-1].content, pair.rejected, key=len)
    return Sample(pair.row, (*pair.turns[:-1], Turn("assistant", said)))


@dataclass
class _Sums:
    """What is added up over the sample."""

    rows: int = 0
    han: int = 0
    letters: int = 0
    han_tokens: int = 0
    letter_tokens: int = 0

    def add(self, text: str, counted: Counted) -> None:
        han = sum(map(is_han, text))
        self.han += han
        self.letters += sum(map(str.isalpha, text)) - han
        self.han_tokens += counted.han_tokens
        self.letter_tokens += counted.letter_tokens


@dataclass
class _Lengths:
    """Tokens of the rows of a sample."""

    rows: list[int] = field(default_factory=list[int])
    words: float = 0.0
    learned: float = 0.0
    characters: int = 0


def _kind(
    files: list[str], samples: list[Sample], tokens: Tokens | None, draw: random.Random, sums: _Sums
) -> Kind | None:
    if not samples:
        return None
    found = _lengths(_sampled(samples, draw), tokens, sums)
    characters = sum(len(turn.content) for sample in samples for turn in sample.turns)
    turns = sum(len(sample.turns) for sample in samples)
    added = 1 if samples[0].turns[0].role == "text" else TURN_TOKENS
    words = found.words / max(1, found.characters) * characters
    return Kind(
        files=tuple(files), rows=len(samples), characters=characters, tokens=round(words) + added * turns,
        lengths=tuple(sorted(found.rows)), learned=min(1.0, found.learned / max(1, sum(found.rows))),
    )  # fmt: skip


def _sampled(samples: list[Sample], draw: random.Random) -> list[Sample]:
    chosen = draw.sample(samples, min(SAMPLED, len(samples)))
    kept, characters = chosen[:1], 0
    for sample in chosen[1:]:
        characters += sum(min(LONGEST, len(turn.content)) for turn in sample.turns)
        if characters > CHARACTERS:
            break
        kept.append(sample)
    return kept


def _lengths(samples: list[Sample], tokens: Tokens | None, sums: _Sums) -> _Lengths:
    turns = [turn for sample in samples for turn in sample.turns]
    texts = [turn.content[:LONGEST] for turn in turns]
    counted = iter(zip(texts, tokens.count(texts) if tokens else map(_estimated, texts), strict=True))
    found = _Lengths()
    for sample in samples:
        length = 0.0
        for turn in sample.turns:
            text, count = next(counted)
            sums.add(text, count)
            words = count.tokens * len(turn.content) / max(1, len(text))
            found.words += words
            found.characters += len(turn.content)
            found.learned += words + 1 if turn.role in ("assistant", "text") else 0
            length += words + (1 if turn.role == "text" else TURN_TOKENS)
        found.rows.append(round(length))
    sums.rows += len(samples)
    return found


def _estimated(text: str) -> Counted:
    """A guess for want of a tokenizer: a token for each Chinese character, and one for four others."""
    han = sum(map(is_han, text))
    return Counted(han + -(-(len(text) - han) // 4), han, 0)


def _absolute(spec: str) -> str:
    """A data file as it is found from any folder."""
    place = Path(spec).expanduser()
    if place.exists():
        return str(place.absolute())
    info, _, name = spec.rpartition(":")
    return f"{Path(info).expanduser().absolute()}:{name}"
