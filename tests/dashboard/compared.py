"""Runs that were asked the same: the run of `evaluated`, a second one that shares two suites, and one asked nothing."""

from dataclasses import replace
from pathlib import Path

import assay
from store.database import Store
from store.evaluations import keep
from store.loading import load_spools
from tests.dashboard.evaluated import BASE, NOW, choice, choice_texts, evaluated_store, letter_texts, letters

TWO = (1, 100)
"""What the second run's only checkpoint scores is what this one of the first scores."""


def compared_store(folder: Path) -> Store:
    """The runs `triage`, `second` and `third`."""
    store = evaluated_store(folder)
    with assay.run("second", store=folder, total_steps=50) as run:
        run.facts(provenance={"model": {"parameters": 1000, "trained": 250}})
        for step in (40, 50):
            run.log(
                step, {"loss": 1.0, "tokens": step * 10.0, "tokens_per_s": step * 1.0, "memory_bytes": 100.0 - step}
            )
        path = "second/checkpoints/50"
        run.record("checkpoint", s=50, b=1, state="stable", path=path, sha256="e" * 64, bytes=9, data={})
    for evaluation, texts in ((choice(TWO, NOW + 900), choice_texts()), (letters(TWO, NOW + 901), letter_texts())):
        keep(folder, replace(evaluation, artifact="e" * 64, run="second", branch=1, step=50, base=BASE), texts)
    assay.run("third", store=folder).finish()
    load_spools(store)
    return store
