"""Build better training data from what there is: one template, clean, without duplicates, balanced, split.

    built = build_data(["a.jsonl", "b.csv"], Path("data.jsonl"), BuildOptions())

writes data.jsonl, data.validation.jsonl and data.jsonl.manifest.json, all or none. Rows are cleaned in batches, in
several processes where there are many, and wait in a file; then it is decided which of them are kept. The same files,
options and seed give the same bytes, whatever the number of processes.
"""

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from evals.data.alike import Alike, Numbers
from evals.data.balancing import surplus
from evals.data.build_options import BuildOptions
from evals.data.clean_rows import CleanedRows, clean_rows
from evals.data.cleaning import CHANGES
from evals.data.manifest import Manifest
from evals.data.pool import cores, in_processes
from evals.data.progress import Progress, untold
from evals.data.publishing import (
    publish,
    refuse_existing,
    refuse_other_than_lines,
    workshop,
    write_account,
    write_lines,
)
from evals.data.reading import DataFile, read_data, refuse_preferences
from evals.data.splitting import held_out
from evals.data.waiting import Waiting
from evals.text.errors import DataError

__all__ = ["Built", "build_data", "paths_of"]

BATCH = 500
"""Rows cleaned together."""

FEW = 5000
"""Rows up to which starting processes takes longer than cleaning."""


class Built(NamedTuple):
    """What was written."""

    train: Path
    """The data to train on."""

    validation: Path | None
    """The data to validate with; None where there is none."""

    manifest: Path
    """What was dropped and changed, and why."""

    account: Manifest
    """The same."""


def paths_of(out: Path) -> tuple[Path, Path, Path]:
    """Where a build writes: what is trained on, what is validated with, and the manifest."""
    return out, out.with_name(f"{out.stem}.validation{out.suffix}"), out.with_name(f"{out.name}.manifest.json")


def build_data(specs: Sequence[str], out: Path, options: BuildOptions, progress: Progress = untold) -> Built:
    """Build data from files, or data sets of a dataset_info.json.

    Raises DataError and AssayError in a sentence; then nothing has been written, and nothing is written over ever.
    """
    refuse_other_than_lines(out)
    refuse_existing(paths_of(out))
    with workshop(out) as folder, Alike(folder) as alike, closing(Waiting(folder / "rows")) as waiting:
        account = Manifest(_asked(options))
        for file in read_data(list(specs), options.columns):
            source = file.source if len(specs) > 1 else None
            with closing(_cleaned(file, source, account, options)) as batches:
                for cleaned in batches:
                    waiting.add(file.name, cleaned)
                    alike.add(cleaned.signed)
                    for row, why in cleaned.dropped:
                        account.dropped.setdefault(why, []).append((file.name, row))
                    progress(f"rows of {file.name}", cleaned.last, len(file.samples))
        progress("near-duplicates", 0, 1)
        fates = _decided(waiting, alike, options)
        if not (fates == TRAIN).any():
            raise DataError(
                f"no row of {', '.join(specs)} is left to train on; see `assay data check` for what is wrong with them"
            )
        _tell(account, waiting, fates, options)
        progress("writing", 0, 1)
        return _written(folder, out, waiting, fates, account)


FATES = ("train", "validation", "exact-duplicate", "near-duplicate", "surplus-of-subtask")
"""What becomes of a row that was cleaned."""
TRAIN, VALIDATION, EXACT, NEARLY, SURPLUS = range(len(FATES))


def _asked(options: BuildOptions) -> dict[str, Any]:
    """The options, but for those that change nothing in the data."""
    return {name: value for name, value in vars(options).items() if name != "processes"}


def _cleaned(file: DataFile, source: str | None, account: Manifest, options: BuildOptions) -> Generator[CleanedRows]:
    """Clean the rows of a file, and note what it was; `source` is what a row's source is where it names none."""
    refuse_preferences(file)
    for other in account.inputs:
        if (other["format"] == "plain text") != (file.format == "plain text"):
            raise DataError(
                f"{other['file']} has {other['format']} rows and {file.name} {file.format} rows; "
                f"build plain text apart from conversations"
            )
    account.inputs.append(file.facts)
    batches = (file.samples[start : start + BATCH] for start in range(0, len(file.samples), BATCH))
    processes = options.processes or (1 if len(file.samples) <= FEW else cores())
    return in_processes(partial(clean_rows, file=file.name, source=source, options=options), batches, processes)


def _decided(waiting: Waiting, alike: Alike, options: BuildOptions) -> Numbers:
    """What becomes of each row, as a place in FATES."""
    fates, forms = np.zeros(len(waiting), np.int8), waiting.forms
    if "dedupe" not in options.skip:
        copies = alike.copies_of(forms, options.near, waiting.marks)
        fates[copies >= 0] = NEARLY
        fates[(copies >= 0) & (forms == forms[copies])] = EXACT
    if "balance" not in options.skip:
        kept = np.flatnonzero(fates == TRAIN)
        fates[kept[surplus([waiting.tasks[place] for place in kept.tolist()], options.balance, options.seed)]] = SURPLUS
    if "split" not in options.skip and options.validation > 0:
        kept = np.flatnonzero(fates == TRAIN)
        # Rows that are no copies may still be near, as those of one template are.
        groups = alike.groups(forms)[kept]
        fates[kept[held_out(groups.tolist(), options.validation, options.seed)]] = VALIDATION
    return fates


def _tell(account: Manifest, waiting: Waiting, fates: Numbers, options: BuildOptions) -> None:
    """Note what was dropped and changed, and what could not be done."""
    for fate in (EXACT, NEARLY, SURPLUS):
        account.dropped[FATES[fate]] = list(waiting.places(np.flatnonzero(fates == fate).tolist()))
    inside = (fates == TRAIN) | (fates == VALIDATION)
    for bit, name in enumerate(CHANGES):
        changed = np.flatnonzero(inside & ((waiting.changed >> bit & 1) == 1))
        account.changed[name] = list(waiting.places(changed.tolist()))
    after = (task for task, kept in zip(waiting.tasks, inside.tolist(), strict=True) if kept)
    account.subtasks = {"before": _by_name(Counter(waiting.tasks)), "after": _by_name(Counter(after))}
    if "balance" not in options.skip and not account.subtasks["before"]:
        account.notes.append("no row names a task, category or department, so nothing was balanced")
    if account.many_dropped:
        account.notes.append(account.many_dropped)
    if "split" not in options.skip and options.validation > 0 and not (fates == VALIDATION).any():
        account.notes.append("nothing was held out: the rows are too few, or nearly the same")


def _by_name(counts: Counter[str | None]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(name for name in counts if name is not None)}


def _written(folder: Path, out: Path, waiting: Waiting, fates: Numbers, account: Manifest) -> Built:
    """Write the files in the workshop, and give them their names when all are whole."""
    train, validation, manifest = paths_of(out)
    finished: list[tuple[Path, Path]] = []
    for fate, path in ((TRAIN, train), (VALIDATION, validation)):
        chosen = np.flatnonzero(fates == fate).tolist()
        if chosen:
            sha256 = write_lines(folder / path.name, waiting.lines(chosen))
            account.outputs.append({"file": path.name, "part": FATES[fate], "rows": len(chosen), "sha256": sha256})
            finished.append((folder / path.name, path))
    write_account(folder / manifest.name, account.as_dict())
    # The manifest comes last: data without one is of a build that was cut off.
    publish([*finished, (folder / manifest.name, manifest)])
    return Built(train, validation if len(finished) > 1 else None, manifest, account)
