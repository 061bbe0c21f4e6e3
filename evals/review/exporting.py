"""Export a closed campaign's verdicts for training: a folder, whole or not at all.

Its questions are "used for training" from then on: a later campaign that asked them would grade what it trained on.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from assay.version import VERSION
from evals.review.errors import CampaignError
from evals.review.gathered import Gathered, gather
from evals.review.judged import final_verdicts
from evals.review.preference import Preferences, disagreement, label_smoothing, preferences
from evals.review.used import mark_used
from evals.review.votes import votes
from store.access import Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction

__all__ = ["Exported", "export_preferences"]

PREFERENCE, UNPAIRED, VOTES, REPORT = "preference.jsonl", "unpaired.jsonl", "votes.parquet", "report.json"


class Exported(NamedTuple):
    """What was written."""

    folder: Path
    """Where."""

    report: Mapping[str, Any]
    """As in its report.json."""


def export_preferences(store: Store, actor: Actor, campaign: int, out: Path, *, comments: bool = False) -> Exported:
    """Write a closed campaign's verdicts as a new folder, and note its questions as used for training.

    Raises AccessError, CampaignError where the campaign is open, made up or empty, or the folder exists, and where it
    cannot be written.
    """

    def read(snapshot: Snapshot) -> tuple[Gathered, pa.Table]:
        require(snapshot, actor, "campaign:export", campaign)
        found = gather(snapshot, campaign)
        _require_exportable(found)
        return found, votes(final_verdicts(snapshot, campaign), comments=comments)

    found, cast_votes = store.snapshot(read)
    _require_new(out)
    rows = preferences(list(found.pairs.values()), found.verdicts, found.campaign["data"].get("systems", {}))
    report = _report(found, rows, cast_votes)
    unfinished = out.parent / f".{out.name}.unfinished-{os.getpid()}"
    try:
        files = _write(unfinished, rows, cast_votes, report)
        # Marked first: what lies in a folder of its name is always known as used.
        store.transaction(lambda transaction: _mark(transaction, actor, campaign, found, files))
        unfinished.rename(out)
    except OSError as error:
        raise CampaignError(f"cannot write {out}: {error.strerror}; name another folder with --out") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Exported(out, report)


def _require_exportable(found: Gathered) -> None:
    name = found.campaign["name"]
    if found.campaign["closed"] is None:
        raise CampaignError(f"{name} is open, and an export would show who wins; close it first (assay review close)")
    if found.campaign["simulated"]:
        raise CampaignError(f"the verdicts of {name} are made up by a program; nothing is to be learned from them")
    if not found.verdicts:
        raise CampaignError(f"{name} has no verdicts, so there is nothing to export")


def _require_new(out: Path) -> None:
    if out.exists():
        raise CampaignError(f"{out} exists already; name a new folder with --out")


def _write(folder: Path, rows: Preferences, cast_votes: pa.Table, report: Mapping[str, Any]) -> dict[str, str]:
    """Write the files and return their SHA-256 by name."""
    folder.mkdir(parents=True)
    _write_lines(folder / PREFERENCE, rows.paired)
    _write_lines(folder / UNPAIRED, rows.unpaired)
    parquet.write_table(cast_votes, folder / VOTES)  # pyright: ignore[reportUnknownMemberType] - pyarrow types it in part
    (folder / REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _mark(transaction: Transaction, actor: Actor, campaign: int, found: Gathered, files: Mapping[str, str]) -> None:
    role = require(transaction, actor, "campaign:export", campaign)
    judged = dict.fromkeys(verdict.item for verdict in found.verdicts)
    pairs = [{"item": item, "question": found.pairs[item].question} for item in judged]
    now = utc_now()
    new = mark_used(transaction, campaign, pairs, actor.named, now)
    payload = {"format": "trl", "items": len(pairs), "new": new, "files": dict(files)}
    append(transaction, Entry(actor.named, role, "export", f"campaign:{campaign}", payload), now=now)


def _report(found: Gathered, rows: Preferences, cast_votes: pa.Table) -> dict[str, Any]:
    differing = disagreement(found.verdicts)
    campaign = found.campaign
    return {
        "campaign": campaign["id"], "name": campaign["name"], "candidate": campaign["candidate"],
        "candidate_sha256": campaign["candidate_sha256"], "baseline": campaign["baseline"],
        "baseline_sha256": campaign["baseline_sha256"], "policy_sha256": campaign["policy_sha256"],
        "items": len({verdict.item for verdict in found.verdicts}), "votes": cast_votes.num_rows,
        "graders": len({verdict.grader for verdict in found.verdicts}),
        "unblinded_votes": sum(verdict.unblinded for verdict in found.verdicts),
        "preference": len(rows.paired), "unpaired": len(rows.unpaired), "ties_dropped": rows.ties,
        "withheld_critical_error": rows.withheld, "identical_dropped": found.identical,
        "overlapping_preferences": differing.pairs, "disagreement": differing.share,
        "label_smoothing": label_smoothing(differing.share),
        "versions": {"assay": VERSION, "pyarrow": version("pyarrow"), **campaign["data"].get("versions", {})},
        "written": f"{utc_now().isoformat(timespec='seconds')}Z",
    }  # fmt: skip
