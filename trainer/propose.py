"""Build the folder of a checkpoint that may be released, and ask it its campaigns' questions again.

    proposal = propose(store, actor, "triage@400")

The folder lies below `.exports` in the store's root. It is loaded as anyone would load it, and answers every question
of every campaign of the checkpoint: how many answers are not those that experts judge is part of the evidence. The
store gets all of it at once or nothing; what a stopped try had answered is found by the next one.
"""

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import portalocker
import torch
from portalocker import LockFlags

from assay.errors import AssayError
from evals.gate.approvals import hold_all
from evals.gate.evidence import BESIDE
from evals.gate.proposals import Proposal, add_proposal, newest_proposal, proposal_of
from evals.review.asked_before import AskedBefore, asked_before, compared
from store.access import Actor, require
from store.artifacts import ArtifactError, clear_temporary, digest, verify
from store.database import Snapshot, Store, Transaction
from store.moved import found_again
from store.owners import owners_of
from store.places import Place, find_checkpoint
from trainer.answers import answers_file, answers_of
from trainer.asked import find_asked
from trainer.config_file import read_toml
from trainer.export import Exported, Progress, Source, check_merge, export, source_of
from trainer.export_words import proposed_readme
from trainer.lineage import parent_of

__all__ = ["EXPORTS", "propose"]

EXPORTS = ".exports"
"""Folder of the proposed folders, in the store's root."""

WAITING = "waiting for another proposal"

DIGITS = 12
"""Of a checkpoint's digest, in the name of its folder."""


def propose(
    store: Store, actor: Actor, named: str, *, merge: bool = False, progress: Progress = lambda *_: None
) -> Proposal:
    """Propose RUN@STEP for release, or find what was proposed of it, where no campaign was opened since.

    `progress` is told what is being done, how far it is, and of how much. Raises AccessError, StoreError where there is
    no such checkpoint, AssayError where it cannot be loaded or written, OSError where an answer cannot be kept.
    """

    def find(snapshot: Snapshot) -> Place:
        require(snapshot, actor, "release:propose")
        return find_checkpoint(snapshot, store.root, named)

    place = store.snapshot(find)
    source = _source(place, store)
    if merge:
        check_merge(source)
    with _alone(store.root / EXPORTS, progress):
        built = _built(store, place, source, merge=merge, progress=progress)
        campaigns = store.snapshot(lambda snapshot: asked_before(snapshot, place.sha256))
        known = store.snapshot(lambda snapshot: newest_proposal(snapshot, place.sha256))
        if known and _is_answered(known, built, campaigns):
            return known
        answers = _asked_again(store, source, built, campaigns, progress) if campaigns else []
        made = _proposal(store, place, source, built, answers)
        return store.transaction(partial(_put, actor=actor, made=made))


def _put(transaction: Transaction, *, actor: Actor, made: Proposal) -> Proposal:
    role = require(transaction, actor, "release:propose")
    number = add_proposal(transaction, actor, role, made)
    hold_all(transaction, made, holder=str(number), holder_kind="proposal")
    return proposal_of(transaction, number)


def _is_answered(known: Proposal, built: Exported, campaigns: Sequence[AskedBefore]) -> bool:
    """Whether a proposal is this folder, and has the answers of every campaign there is."""
    answered = {row["campaign"] for row in known.answers}
    return known.sha256 == built.sha256 and answered >= {one.campaign for one in campaigns}


@contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[None]:
    """Wait until no other process builds a proposal, and clear away what a stopped one left."""
    try:
        folder.mkdir(exist_ok=True)
        file = (folder / ".lock").open("ab")
    except OSError as error:
        raise AssayError(f"cannot write in {folder}: {error.strerror}; see to that first") from error
    with file:
        try:
            portalocker.lock(file, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
        except portalocker.LockException:
            progress(WAITING, 0, 1)
            portalocker.lock(file, LockFlags.EXCLUSIVE)
            progress(WAITING, 1, 1)
        clear_temporary(folder)
        yield


def _source(place: Place, store: Store) -> Source:
    source = source_of(place.reference, store)
    if source.sha256 != place.sha256:
        raise ArtifactError(
            f"the checkpoint in {source.folder} is not the one that was announced ({source.sha256[:DIGITS]} and not "
            f"{place.sha256[:DIGITS]}); it is not proposed"
        )
    return source


def _built(store: Store, place: Place, source: Source, *, merge: bool, progress: Progress) -> Exported:
    """The folder of a checkpoint; it is written where it is not there, or not as it was proposed."""
    folder = store.root / EXPORTS / f"{place.candidate}-{place.sha256[:DIGITS]}{'-merged' * merge}"
    known = {row["sha256"] for row in store.rows(_DIGESTS, {"path": _path(folder, store)})}
    if (found := _whole(folder, known)) is not None:
        return found
    aside = _put_aside(folder, known, progress)
    made = export(source, folder, readme=proposed_readme, merge=merge, progress=progress)
    if aside and made.sha256 in known:
        # What a release wrote beside the files.
        for name in BESIDE:
            if (aside / name).is_file():
                shutil.copyfile(aside / name, folder / name)
    return made


def _whole(folder: Path, known: Collection[str]) -> Exported | None:
    """The folder, where it is as it was proposed before."""
    try:
        found = digest(folder)
        return Exported(folder, found, verify(folder, beside=BESIDE)) if found in known else None
    except ArtifactError:
        return None


def _put_aside(folder: Path, known: Collection[str], progress: Progress) -> Path | None:
    """Make way for a folder, and keep what was proposed and is not what it was: it is evidence."""
    if not known or not folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        return None
    aside = folder.with_name(f".damaged-{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    progress(f"{folder.name} is not as it was proposed and kept as {aside.name}", 1, 1)
    return aside


def _asked_again(
    store: Store, source: Source, built: Exported, campaigns: Sequence[AskedBefore], progress: Progress
) -> list[dict[str, Any]]:
    asked = find_asked(str(built.folder), store)._replace(name=f"{source.candidate} as it would be released")
    if asked.config.adapter:
        # A model of the hub is taken from where it is kept: nothing is fetched.
        asked = asked._replace(config=replace(asked.config, path=source.local.path))
    said: list[dict[str, Any]] = []
    for campaign in campaigns:
        file = answers_file(store.root, [built.sha256, built.manifest["digests"]["base"]], campaign.tokens)
        answers = answers_of(
            asked, campaign.questions, file, tokens=campaign.tokens, progress=partial(progress, asked.name)
        )
        said.append(compared(campaign, [answer.text for answer in answers]))
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    return said


def _proposal(store: Store, place: Place, source: Source, built: Exported, answers: list[dict[str, Any]]) -> Proposal:
    base = parent_of(found_again(str(source.base["path"]), source.folder), store)
    owners = store.snapshot(lambda snapshot: owners_of(snapshot, place.run_id))
    facts = built.manifest
    return Proposal(
        run_id=place.run_id, candidate=place.candidate, branch=place.branch, step=place.step, checkpoint=place.path,
        checkpoint_sha256=place.sha256, path=_path(built.folder, store), sha256=built.sha256, merged=facts["merged"],
        digests=facts["digests"], answers=answers,
        data={
            "base": facts["base"], "base_checkpoint": base.path if base else None, "versions": facts["versions"],
            "seed": read_toml(source.folder / "config.toml")["train"]["seed"],
            "owners": {"accounts": sorted(owners.accounts), "names": sorted(owners.names)},
            "device": "cuda" if torch.cuda.is_available() else "cpu",
        },
    )  # fmt: skip


def _path(folder: Path, store: Store) -> str:
    return folder.relative_to(store.root).as_posix()


_DIGESTS = "SELECT DISTINCT sha256 FROM proposal WHERE path = $path"
