"""Where a file of preferences is and what its columns mean: see `evals.text.ranking`."""

from evals.text.ranking import locate_pairs

__all__ = ["locate_pairs"]
