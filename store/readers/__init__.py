"""Readers of other programs' logs."""
