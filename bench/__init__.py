"""Benchmarks against other trackers: both sides and the ratio in one run. See README.md."""
