"""A pack as a file, for its tests."""

from pathlib import Path

from dashboard.offline_pack import html_of
from evals.review.packing import make_pack
from evals.review.sides import asks_guess
from store.access import Actor
from store.database import Store
from tests.evals.review.campaigns import make_campaign

__all__ = ["LEAD", "packed_file"]

LEAD = Actor("command", None, "tests")

POLICY = '[review]\ncriteria = ["accurate", "useful"]\n'


def packed_file(root: Path, blank: Path, folder: Path) -> tuple[Store, Path]:
    """A store with a campaign, and a pack of three pairs and one practice pair."""
    (root / blank.name).write_bytes(blank.read_bytes())
    (root / ".secrets").mkdir(mode=0o700)
    (root / ".secrets" / "sides").write_bytes(_without_guesses())
    store = Store.at(root / blank.name)
    made = make_campaign(store, pairs=5, practice=1, policy=POLICY)
    pack = make_pack(store, LEAD, made.campaign, "grader 0", 3, 7)
    file = folder / "pack.html"
    file.write_text(html_of(pack), encoding="utf-8")
    return store, file


def _without_guesses() -> bytes:
    """A secret by which only the last pair asks for a guess."""
    tried = (number.to_bytes(32, "big") for number in range(1000))
    return next(one for one in tried if not any(asks_guess(one, 1, 1, number) for number in range(3)))
