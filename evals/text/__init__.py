"""Rows of text: from files in the formats people have to one neutral form."""

from evals.text.rows import read_samples
from evals.text.sample import Sample, Turn

__all__ = ["Sample", "Turn", "read_samples"]
