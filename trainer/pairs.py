"""Rows of preferences (`evals.text.pairs`), and their words to look for items of suites in."""

from collections.abc import Iterator, Mapping

from evals.leak import TrainingText
from evals.text import words_of
from evals.text.pairs import ANSWERS, Pair, prompt_words, read_pairs
from evals.text.ranking import locate_pairs

__all__ = ["ANSWERS", "Pair", "pair_texts", "prompt_words", "read_pairs"]


def pair_texts(spec: str, columns: Mapping[str, str]) -> Iterator[TrainingText]:
    """The words of every row of preferences, both answers, to look for items of suites in. Raises DataError."""
    place = locate_pairs(spec, columns)
    for pair in read_pairs(place.path.expanduser(), place.columns):
        yield TrainingText(spec, pair.row, f"{words_of(pair)}\n{pair.rejected}")
