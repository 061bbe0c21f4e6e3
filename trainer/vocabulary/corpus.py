"""The text that tokens are learned from, and what of it is held out to measure on."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from evals.data.reading import DataFile, read_data
from evals.text import words_of
from evals.text.errors import DataError
from evals.text.near import near_groups
from trainer.plan import held_out

__all__ = ["Corpus", "read_corpus"]

LEARNED_FROM = 5_000_000
"""Characters that are looked at, drawn by the seed: more of the same text changes little which tokens are frequent."""

HELD_OUT = 0.1
"""Share of the rows to measure on."""


class Corpus(NamedTuple):
    """Texts of a domain."""

    learned: list[str]
    """Those that tokens are learned from."""

    held_out: list[str]
    """Those to measure on, which have nothing like them among the others."""

    files: list[dict[str, Any]]
    """Its files: name, encoding, rows and sha256."""

    characters: int
    """Characters of all rows, those included that are not looked at."""

    @property
    def looked_at(self) -> int:
        """Characters that tokens are learned from."""
        return sum(map(len, self.learned))


def read_corpus(specs: Sequence[str], columns: Mapping[str, str], seed: int) -> Corpus:
    """Read files of rows, in UTF-8 or GB18030, and hold some of them out. Raises DataError."""
    files = list(read_data(list(specs), columns))
    texts = [text for file in files for sample in file.samples if (text := words_of(sample).strip())]
    drawn = _drawn(texts, seed)
    apart = held_out(near_groups(drawn), HELD_OUT, seed)
    if not apart:
        raise DataError(
            f"the {len(drawn)} rows of text in {_listed(files)} are too few, or too much alike, to hold some out and "
            f"measure on them; name more text"
        )
    return Corpus(
        learned=[text for place, text in enumerate(drawn) if place not in apart],
        held_out=[text for place, text in enumerate(drawn) if place in apart],
        files=[
            {"file": file.name, "encoding": file.encoding, "rows": len(file.samples), "sha256": file.sha256}
            for file in files
        ],
        characters=sum(map(len, texts)),
    )  # fmt: skip


def _drawn(texts: Sequence[str], seed: int) -> list[str]:
    """Texts in an order of their own, up to so many characters; half of one, as JSON has it, is a question mark."""
    order = list(range(len(texts)))
    random.Random(f"{seed}/vocabulary").shuffle(order)  # noqa: S311 - an order, no secret
    found: list[str] = []
    room = LEARNED_FROM
    for place in order:
        text = texts[place][:room].encode("utf-8", "replace").decode()
        room -= len(text)
        if text:
            found.append(text)
    return found


def _listed(files: Sequence[DataFile]) -> str:
    return ", ".join(Path(file.name).name for file in files)
