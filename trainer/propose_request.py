"""A folder to be released that a page asks for, built by `assay eval RUN --watch`."""

import re

from assay.errors import AssayError
from assay.foreign import Failure, attempt
from evals.run import Progress
from store.askers import asker
from store.database import Store
from store.loading import load_spools
from store.requests import Request
from trainer.propose import propose

__all__ = ["propose_requested"]

_PLACE = re.compile(r"[0-9]+@[0-9]+")


def propose_requested(store: Store, run: str, request: Request, progress: Progress) -> str:
    """Build the folder of the run's checkpoint `place`, such as 1@40; what came of it, in words.

    With `merge` the adapter is taken into the weights of its base. A model may raise anything.
    """

    def build() -> str:
        try:
            load_spools(store)
            who = store.snapshot(lambda snapshot: asker(snapshot, request.actor))
            made = propose(store, who, f"{run}/{_place(request)}", merge=_merges(request), progress=progress)
        except (AssayError, OSError) as error:
            return f"not built: {error}"
        return f"the folder {made.sha256[:12]} is built of {made.candidate}"

    done = attempt(build)
    return f"not built: {done.kind}: {done.said}" if isinstance(done, Failure) else done


def _place(request: Request) -> str:
    place = request.args.get("place")
    if not isinstance(place, str) or not _PLACE.fullmatch(place):
        raise AssayError("a folder is built of one checkpoint, named by branch and step, such as 1@40")
    return place


def _merges(request: Request) -> bool:
    return request.args.get("merge") is True
