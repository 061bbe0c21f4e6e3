"""A campaign that a page asks for, opened by `assay eval RUN --watch`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from assay.foreign import Failure, attempt
from store.askers import asker
from store.database import Store
from store.loading import load_spools
from store.requests import Request
from trainer.campaign import CampaignOrder, Progress, open_campaign

__all__ = ["open_requested", "order_from"]

_TEXTS = ("candidate", "baseline", "questions", "policy", "practice", "name", "title", "instructions", "language")
_NUMBERS = ("seed", "days", "tokens")
_FILES = ("questions", "policy", "practice")


def open_requested(store: Store, run: str, request: Request, progress: Progress) -> str:
    """Open the campaign; what came of it, in words. A model may raise anything."""

    def open_it() -> str:
        try:
            load_spools(store)
            order = order_from(request.args, run)
            who = store.snapshot(lambda snapshot: asker(snapshot, request.actor))
            opened = open_campaign(store, who, order, progress=progress)
        except (AssayError, OSError) as error:
            return f"not opened: {error}"
        return f"campaign {opened.campaign} is open: {opened.findings.pairs:,} pairs"

    done = attempt(open_it)
    return f"not opened: {done.kind}: {done.said}" if isinstance(done, Failure) else done


def order_from(args: Mapping[str, Any], run: str) -> CampaignOrder:
    """The campaign a request describes by the fields of `CampaignOrder`; those left out are as there.

    `candidate` may be a place of the run, such as 1@40. Raises AssayError for what is missing or of a wrong type.
    """
    if odd := sorted(args.keys() - {*_TEXTS, *_NUMBERS}):
        raise AssayError(f"a campaign is not opened with {odd[0]}; it takes {', '.join((*_TEXTS, *_NUMBERS))}")
    for name, value in args.items():
        wanted = int if name in _NUMBERS else str
        if type(value) is not wanted:
            raise AssayError(f"{name} of the campaign must be {'a whole number' if wanted is int else 'text'}")
    missing = [name for name in ("candidate", "baseline", "questions") if not args.get(name)]
    if missing:
        raise AssayError(f"the campaign lacks {' and '.join(missing)}; a candidate is compared on questions")
    given: dict[str, Any] = {name: value for name, value in args.items() if value != ""}
    files = {name: Path(given[name]) for name in _FILES if name in given}
    return CampaignOrder(**{**given, **files, "candidate": _in_run(given["candidate"], run)})


def _in_run(place: str, run: str) -> str:
    """Pages know checkpoints by branch and step."""
    branch, at, _ = place.partition("@")
    return f"{run}/{place}" if at and branch.isdigit() else place
