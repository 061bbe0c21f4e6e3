"""Verdicts that were given offline, entered as the page enters them: once a pack, by the same calls of the service.

Each pair is put before its grader again, in a sitting, for as long as it takes to enter what was said of it. Whatever
is cut off in the middle is entered by the next try: the same verdict twice is one.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from evals.review import sentences, service
from evals.review.board import PACKED, read_board
from evals.review.errors import CampaignError
from evals.review.fields import answer_from, draft_from
from evals.review.leasing import Deal, lease
from evals.review.pack_file import PackFile, PackRow, Said, import_row, pack_row, read_file, said_in
from evals.review.packing import MOST_PAIRS, grader_actor, grader_standing
from evals.review.settling import settle
from evals.review.sittings import enter_to_write
from evals.review.tokens import lease_of
from evals.review.types import ReviewError
from store.access import Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.secret_files import secret

__all__ = ["Brought", "Refusal", "import_verdicts"]


class Refusal(NamedTuple):
    """What was said of a pair and could not be entered."""

    question: str
    """The pair's question."""

    sentence: str
    """Why."""


class Brought(NamedTuple):
    """What an import came to."""

    campaign: int
    """The campaign."""

    grader: int
    """Number of the grader."""

    before: str
    """When the pack was imported before, as a UTC time; then nothing was done now. Empty for the first time."""

    verdicts: int = 0
    """Verdicts entered; they are final unless the grader has a sitting open on the page."""

    practice: int = 0
    """Practice pairs judged."""

    skipped: int = 0
    """Pairs skipped."""

    guesses: int = 0
    """Guesses entered."""

    flags: int = 0
    """Pairs said to be faulty."""

    drafts: int = 0
    """Drafts kept for pairs that were not judged."""

    given_back: int = 0
    """Pairs that others can get again."""

    refused: tuple[Refusal, ...] = ()
    """What could not be entered."""


class _Bringing(NamedTuple):
    """An import under way."""

    store: Store
    importer: Actor
    actor: Actor
    file: PackFile
    row: PackRow
    said: Mapping[str, Said]
    shown: Callable[[str], str]

    @property
    def judged(self) -> dict[str, Said]:
        """Pairs with a verdict or a skip."""
        return {token: said for token, said in self.said.items() if said.verdict is not None or said.skip is not None}


def import_verdicts(store: Store, actor: Actor, path: Path, shown: Callable[[str], str] = str) -> Brought:
    """Enter the verdicts of a file, once. `shown` makes of an answer the text that a screen shows of it.

    Raises AccessError, ReviewError, StoreError, and CampaignError for a file that is none, was changed, is of another
    store, of a campaign that is closed, or of a pack of which another file was imported, or begun to be.
    """
    store.snapshot(lambda snapshot: require(snapshot, actor, "user:invite"))
    file = read_file(path)
    row, before = store.snapshot(lambda snapshot: _looked_up(snapshot, file))
    said = said_in(store, file, row)
    if before is not None:
        if before["file"] != file.sha256:
            raise CampaignError(
                f"another file of this pack was imported on {before['time']:%Y-%m-%d %H:%M} UTC, and a pack is "
                f"imported once: nothing of {file.name} was taken"
            )
        return Brought(row.campaign, row.grader, f"{before['time']:%Y-%m-%d %H:%M}")
    grader = store.snapshot(lambda snapshot: grader_actor(snapshot, str(row.grader)))
    brought = _enter(_Bringing(store, actor, grader, file, row, said, shown))
    store.transaction(lambda transaction: _note(transaction, actor, file, brought))
    settle(store, row.campaign)
    return brought


def _looked_up(snapshot: Snapshot, file: PackFile) -> tuple[PackRow, Mapping[str, Any] | None]:
    row = pack_row(snapshot, file)
    before = import_row(snapshot, file.pack, "pack-import")
    if before is None:
        _require_open(snapshot, row.campaign, file.name)
    return row, before


def _require_open(snapshot: Snapshot, campaign: int, name: str) -> None:
    found = snapshot.rows("SELECT closed, expires FROM campaign WHERE id = $campaign", {"campaign": campaign})
    if not found or found[0]["closed"] is not None or found[0]["expires"] <= utc_now():
        raise CampaignError(f"campaign {campaign} is closed and takes no more verdicts: nothing of {name} was taken")


def _enter(bringing: _Bringing) -> Brought:
    """Into a sitting of their own, which is closed then; into that of the page, where one is open."""
    store, grader, campaign = bringing.store, bringing.actor, bringing.row.campaign
    store.transaction(lambda transaction: _begin(transaction, bringing))
    opened = service.sitting(store, grader, campaign)
    planned = len(bringing.judged) + (opened.judged + opened.skipped if opened else 0)
    service.begin_sitting(store, grader, campaign, max(1, min(MOST_PAIRS, planned)))
    taken = store.transaction(lambda transaction: _put_before(transaction, bringing))
    done = [_entered(bringing, token, said, is_taken=token in taken) for token, said in bringing.said.items()]
    if opened is None:
        service.close_sitting(store, grader, campaign)
    counts = {name: sum(one.get(name, 0) for one in done) for name in _COUNTED}
    refused = tuple(one["refused"] for one in done if "refused" in one)
    return Brought(campaign, bringing.row.grader, "", **counts, refused=refused)


def _begin(transaction: Transaction, bringing: _Bringing) -> None:
    """Note which file is imported, before anything of it is entered: the next try must bring the same."""
    file, row = bringing.file, bringing.row
    grader_standing(transaction, bringing.actor, row.campaign)
    role = require(transaction, bringing.importer, "user:invite")
    before = import_row(transaction, file.pack, "pack-import-begun")
    if before is None:
        told = {"pack": file.pack, "grader": row.grader, "file": file.sha256}
        append(transaction, Entry(bringing.importer.named, role, "pack-import-begun", f"campaign:{row.campaign}", told))
    elif before["file"] != file.sha256:
        raise CampaignError(
            f"the import of another file of this pack was begun on {before['time']:%Y-%m-%d %H:%M} UTC, and a pack is "
            f"imported once: nothing of {file.name} was taken; import that other file again"
        )


def _put_before(transaction: Transaction, bringing: _Bringing) -> set[str]:
    """Put each judged pair before its grader again, and give the others back; tokens whose place others took."""
    campaign, taken = bringing.row.campaign, set[str]()
    standing = enter_to_write(transaction, bringing.actor, campaign)
    standing.require_open()
    if standing.sitting is None:
        raise ReviewError(sentences.NO_SITTING)
    key = secret(bringing.store, "sides")
    for token, said in bringing.judged.items():
        row = lease_of(transaction, standing.grader, token)
        if row["outcome"] in ("verdict", "skipped"):
            continue
        deal = Deal(transaction, standing, standing.sitting, read_board(transaction, campaign, standing.now), key)
        pair = deal.board.pair(row["item"])
        in_time = row["outcome"] is None and row["expires"] > standing.now
        if not pair.practice and not in_time and deal.board.free(pair, standing.grader) <= 0:
            taken.add(token)
            continue
        lease(deal, pair)
        seconds = min(said.seconds, 60.0 * standing.policy.lease_minutes)
        shown_at = {"issued": standing.now - timedelta(seconds=seconds), "token": token}
        transaction.execute("UPDATE lease SET issued = $issued WHERE token = $token", shown_at)
    return taken


def _entered(bringing: _Bringing, token: str, said: Said, *, is_taken: bool) -> dict[str, Any]:
    """Enter what was said of one pair; how much of what, and what was refused."""
    store, grader = bringing.store, bringing.actor
    row = store.snapshot(lambda snapshot: lease_of(snapshot, grader.user, token))
    done: dict[str, Any] = {}
    if is_taken:
        return {"refused": Refusal(row["question"], sentences.TAKEN)}
    try:
        if said.verdict is not None:
            # What was said of it on the page meanwhile stays.
            answer, shown = answer_from(said.verdict), bringing.shown
            service.submit(store, grader, token, answer, known=0, shown=shown, pack=bringing.file.pack)
            done["practice" if row["number"] is None else "verdicts"] = 1
        elif said.skip is not None:
            service.skip(store, grader, token, said.skip)
            done["skipped"] = 1
        elif said.draft:
            service.save_draft(store, grader, token, draft_from(said.draft))
            done["drafts"] = 1
        _aside(bringing, token, said, done)
    except ReviewError as error:
        done["refused"] = Refusal(row["question"], str(error))
    if token not in bringing.judged:
        done["given_back"] = store.transaction(lambda transaction: _give_back(transaction, token))
    return done


def _aside(bringing: _Bringing, token: str, said: Said, done: dict[str, Any]) -> None:
    for reason in said.flags:
        service.flag(bringing.store, bringing.actor, token, reason)
        done["flags"] = 1
    if said.guess is not None and "verdicts" in done:
        service.guess(bringing.store, bringing.actor, token, cast("Any", said.guess))
        done["guesses"] = 1


def _give_back(transaction: Transaction, token: str) -> int:
    values = {"token": token, "packed": PACKED}
    if not transaction.rows(f"SELECT 1 FROM lease WHERE {_OUT}", values):
        return 0
    transaction.execute(
        f"UPDATE lease SET ended = $now, outcome = 'released' WHERE {_OUT}", {**values, "now": utc_now()}
    )
    return 1


def _note(transaction: Transaction, actor: Actor, file: PackFile, brought: Brought) -> None:
    role = require(transaction, actor, "user:invite")
    # Of two imports at once the second entered what the first had, which is nothing.
    if import_row(transaction, file.pack, "pack-import") is None:
        told = {
            "pack": file.pack, "grader": brought.grader, "file": file.sha256, "verdicts": brought.verdicts,
            "skipped": brought.skipped, "refused": len(brought.refused),
        }  # fmt: skip
        append(transaction, Entry(actor.named, role, "pack-import", f"campaign:{brought.campaign}", told))


_COUNTED = ("verdicts", "practice", "skipped", "guesses", "flags", "drafts", "given_back")

_OUT = "token = $token AND sitting = $packed AND outcome IS NULL"
