"""Blind review: experts judge pairs of answers without knowing whose they are."""
