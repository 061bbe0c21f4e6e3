"""Rows of text: from files in the formats people have to one neutral form."""

from evals.text.dataset_info import Located, locate
from evals.text.rows import read_samples
from evals.text.sample import Sample, Turn, words_of

__all__ = ["Located", "Sample", "Turn", "locate", "read_samples", "words_of"]
