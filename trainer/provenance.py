"""Where a run comes from: command, code, packages, hardware, data; recorded with the run."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import psutil
import torch

from assay.recording import Run
from store.alerts.hooks import without_secrets
from store.users import account
from trainer.data import DataFile
from trainer.examples import Example
from trainer.job import Job

__all__ = ["ROWS_A_LINE", "provenance", "record_data", "surroundings"]

ROWS_A_LINE = 500
"""Rows of a data file that one line of the spool tells."""

DIFF_BYTES = 200_000
"""Longest difference to the last commit that is kept with a run."""

MOST_UNTRACKED = 200
"""Files of no commit that are named with a run; how many there are is told."""


def provenance(job: Job, before: Sequence[str] = ()) -> dict[str, Any]:
    """Everything one would want to know to repeat the run; `before` are the accounts it was trained under so far."""
    trained, all_of_them = job.parameters
    facts = {
        **surroundings(before),
        "hardware": _hardware(job),
        "model": {
            "path": job.config.model.path, "adapter": job.config.model.adapter or None, "sha256": job.base_sha256,
            "parameters": all_of_them, "trained": trained,
            "chat_template": "built in" if job.template.is_built_in else "its own",
        },
        "data": [
            {"role": file.role, "path": str(file.path), "sha256": file.sha256, "rows": len(file.samples)}
            for file in job.data.files
        ],
    }  # fmt: skip
    return without_secrets(facts, job.config.alerts)


def surroundings(before: Sequence[str] = ()) -> dict[str, Any]:
    """Account, command, code, packages and machine of this process; `before` as for `provenance`."""
    return {
        "account": account(),
        "accounts": list(dict.fromkeys([*before, account()])),
        "command": sys.argv,
        "folder": str(Path.cwd()),
        "git": _git(),
        "packages": dict(_packages()),
        "python": platform.python_version(),
        "host": platform.node(),
    }


def record_data(run: Run, job: Job) -> list[str]:
    """Record the data files and their rows; returns what a person should know about them, and about the model."""
    warnings = list(job.notes)
    for sentence in job.notes:
        run.event("model", sentence, level="warning")
    for file in job.data.files:
        rows = _used(file, job.data.validation if file.role == "validation" else job.data.train)
        run.record(
            "dataset", path=str(file.path), sha256=file.sha256, rows=rows, role=file.role, first_row=file.first_row
        )
        lines = [[item.row, item.id, item.source or file.name, item.task, item.hash] for item in file.samples]
        for begin in range(0, len(lines), ROWS_A_LINE):
            run.record("samples", dataset=file.sha256, rows=lines[begin : begin + ROWS_A_LINE])
        for sentence, lost in _losses_of(file, job.config.data.max_length):
            run.event("data", sentence, level="warning", rows=lost)
            warnings.append(sentence)
    for file in _held_out_of(job):
        rows = _used(file, job.data.validation)
        run.record(
            "dataset", path=str(file.path), sha256=file.sha256, rows=rows, role="validation", first_row=file.first_row
        )
    if job.data.not_held_out:
        sentence = (
            f"data.validation is {job.config.data.validation}, but nothing is held out, so there is no validation "
            f"loss: {job.data.not_held_out}; a file of other rows can be named, --validation FILE"
        )
        run.event("data", sentence, level="warning")
        warnings.append(sentence)
    if job.data.alike:
        sentence = (
            f"{job.data.alike} rows of the validation file stand, nearly the same, in the training data; "
            f"they are not measured on"
        )
        run.event("data", sentence, level="warning")
        warnings.append(sentence)
    return warnings


def _used(file: DataFile, examples: list[Example]) -> int:
    """How many rows of a file are among some examples."""
    end = file.first_row + len(file.samples)
    return len({example.row for example in examples if file.first_row <= example.row < end})


def _held_out_of(job: Job) -> list[DataFile]:
    """The training files that rows for the validation loss were taken from."""
    return [file for file in job.data.files if file.role == "train" and _used(file, job.data.validation)]


def _losses_of(file: DataFile, max_length: int) -> Iterator[tuple[str, list[int]]]:
    """What of a data file cannot be learned from, or not at once: a sentence, and the rows."""
    of_all = f"of {len(file.samples)} rows of {file.path.name}"
    if file.without_answer:
        reason = "no token of an answer is left in them"
        yield (
            f"{len(file.without_answer)} {of_all} are left out: {reason} ({_few(file.without_answer)})",
            file.without_answer,
        )
    if file.undecided:
        reason = "both answers are the same, as far as they are read"
        yield f"{len(file.undecided)} {of_all} are left out: {reason} ({_few(file.undecided)})", file.undecided
    if file.cut:
        reason = f"longer than {max_length} tokens and are cut at their end; data.max_length or the model decides"
        yield f"{len(file.cut)} {of_all} are {reason} ({_few(file.cut)})", file.cut
    if file.parted:
        rows, parts = list(file.parted), sum(file.parted.values())
        yield (
            f"{len(rows)} {of_all} were longer than {max_length} tokens and are read in {parts} parts ({_few(rows)})",
            rows,
        )


def _few(rows: list[int]) -> str:
    return "rows " + ", ".join(map(str, rows[:10])) + (", …" if len(rows) > 10 else "")


@cache
def _packages() -> Mapping[str, str]:
    """Every installed package with its version; read once a process, as it takes a third of a second."""
    read = [item.metadata for item in distributions()]
    found = {item["Name"]: item["Version"] for item in read if item["Name"]}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def _git() -> dict[str, Any] | None:
    """Commit of the working folder, and what of it is not committed, files of no commit by name; None without git."""
    try:
        commit = _said("git", "rev-parse", "HEAD")
        diff = _said("git", "diff", "HEAD")
        others = _said("git", "ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", ":/")
    except (OSError, subprocess.SubprocessError):
        return None
    untracked = others.split("\0")[:-1]
    return {
        "commit": commit.strip(), "changed": bool(diff),
        "diff": diff[:DIFF_BYTES], "diff_cut": len(diff) > DIFF_BYTES,
        "untracked": untracked[:MOST_UNTRACKED], "untracked_files": len(untracked),
    }  # fmt: skip


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, timeout=10, check=True)
    return done.stdout.decode("utf-8", "replace")


def _hardware(job: Job) -> dict[str, Any]:
    device = job.engine.accelerator.device
    found: dict[str, Any] = {
        "cpus": os.cpu_count(), "threads": torch.get_num_threads(), "memory_bytes": psutil.virtual_memory().total,
        "device": str(device), "precision": job.engine.precision.name,
    }  # fmt: skip
    if device.type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
        found["gpu_memory_bytes"] = torch.cuda.get_device_properties(device).total_memory
    return found
