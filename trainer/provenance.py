"""Where a run comes from: command, code, packages, hardware, data; recorded with the run."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
import torch

from assay.recording import Run
from trainer.data import DataFile
from trainer.job import Job

__all__ = ["provenance", "record_data"]

PACKAGES = ("assay-llm", "torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors", "duckdb", "numpy")
ROWS_A_LINE = 500


def provenance(job: Job) -> dict[str, Any]:
    """Everything one would want to know to repeat the run."""
    trained, all_of_them = job.parameters
    return {
        "command": sys.argv,
        "folder": str(Path.cwd()),
        "git": _git(),
        "packages": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "host": platform.node(),
        "hardware": _hardware(job),
        "model": {
            "path": job.config.model.path, "sha256": job.base_sha256,
            "parameters": all_of_them, "trained": trained,
            "chat_template": "built in" if job.template.is_built_in else "its own",
        },
        "data": [
            {"role": role, "path": str(file.path), "sha256": file.sha256, "rows": len(file.samples)}
            for role, file in _files(job)
        ],
    }  # fmt: skip


def record_data(run: Run, job: Job) -> list[str]:
    """Record the data files and their rows; returns what a person should know about them."""
    warnings: list[str] = []
    for role, file in _files(job):
        rows = len(job.data.train) if role == "train" else len(job.data.validation)
        run.record("dataset", path=str(file.path), sha256=file.sha256, rows=rows, role=role)
        lines = [[item.row, item.id, item.source, item.task, item.hash] for item in file.samples]
        for begin in range(0, len(lines), ROWS_A_LINE):
            run.record("samples", dataset=file.sha256, rows=lines[begin : begin + ROWS_A_LINE])
        for sentence, lost in _losses_of(file, job.config.data.max_length):
            run.event("data", sentence, level="warning", rows=lost)
            warnings.append(sentence)
    if job.data.validation and job.data.validation_file is None:
        file, rows = job.data.file, len(job.data.validation)
        run.record("dataset", path=str(file.path), sha256=file.sha256, rows=rows, role="validation")
    return warnings


def _files(job: Job) -> list[tuple[str, DataFile]]:
    other = job.data.validation_file
    return [("train", job.data.file), *([("validation", other)] if other else [])]


def _losses_of(file: DataFile, max_length: int) -> Iterator[tuple[str, list[int]]]:
    """What of a data file cannot be learned from: a sentence, and the rows."""
    of_all = f"of {len(file.samples)} rows of {file.path.name}"
    if file.without_answer:
        reason = "no token of an answer is left in them"
        yield (
            f"{len(file.without_answer)} {of_all} are left out: {reason} ({_few(file.without_answer)})",
            file.without_answer,
        )
    if file.cut:
        reason = f"longer than {max_length} tokens and are cut at their end; data.max_length decides"
        yield f"{len(file.cut)} {of_all} are {reason} ({_few(file.cut)})", file.cut


def _few(rows: list[int]) -> str:
    return "rows " + ", ".join(map(str, rows[:10])) + (", …" if len(rows) > 10 else "")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git() -> dict[str, Any] | None:
    """Commit of the working folder, and whether something in it is not committed; None without git."""
    try:
        commit = _said("git", "rev-parse", "HEAD")
        return {"commit": commit, "changed": bool(_said("git", "status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()


def _hardware(job: Job) -> dict[str, Any]:
    device = job.accelerator.device
    found: dict[str, Any] = {
        "cpus": os.cpu_count(), "threads": torch.get_num_threads(), "memory_bytes": psutil.virtual_memory().total,
        "device": str(device), "precision": job.accelerator.mixed_precision,
    }  # fmt: skip
    if device.type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
        found["gpu_memory_bytes"] = torch.cuda.get_device_properties(device).total_memory
    return found
