"""Scores, probes and reviews of a model; readers of rows and the one chat template."""
