"""What a proposal, an approval or a release names stays: retention passes over it, and its run cannot be removed."""

import pytest

from dashboard.queries.checkpoints import shelf as shelf_rows
from store.errors import StoreError
from store.refs import find_run
from store.runs import remove_run
from tests.dashboard.released import again, released_store
from trainer.config import CheckpointConfig
from trainer.history import History
from trainer.shelf import Shelf

KINDS = {"proposal": "the proposal of triage@400", "approval": "the approval of Li", "release": "release prod v1"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return released_store(tmp_path_factory.mktemp("released") / "runs")


@pytest.fixture
def made(whole, tmp_path):
    return again(whole, tmp_path / "runs")


def only(store, kind):
    """Let go of everything but what holders of one kind hold."""
    statement = "UPDATE pin SET released = created WHERE released IS NULL AND holder_kind <> $kind"
    store.transaction(lambda tx: tx.execute(statement, {"kind": kind}))


class Listener:
    """The recorder of the run, as far as a shelf needs it."""

    def __init__(self, folder):
        self.folder = folder

    def record(self, _kind, **_line):
        """Said to nobody."""

    def event(self, *_words, **_more):
        """Said to nobody."""


def prune(store, run):
    """Keep the newest checkpoint alone, as far as may be; the steps of those that are left."""
    folder = store.root / run
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    announced = {f"{run}/checkpoints/{name}": {"state": "stable"} for name in names}
    history = History(last_steps={1: 620}, announced=announced)
    shelf = Shelf(Listener(folder), store, CheckpointConfig(keep=1))
    shelf.read(history)
    shelf.prune(history)
    return sorted(int(path.name[:8]) for path in (folder / "checkpoints").iterdir() if path.name[0] != ".")


@pytest.mark.parametrize("kind", KINDS)
def test_retention_passes_over_what_is_held(made, kind):
    only(made.store, kind)
    assert prune(made.store, "triage") == [400, 600]
    only(made.store, "nobody")
    assert prune(made.store, "triage") == [600]


@pytest.mark.parametrize(
    ("run", "kind"), [*(("triage", kind) for kind in KINDS), ("handbook", "approval"), ("handbook", "release")]
)
def test_a_run_cannot_be_removed_and_what_holds_it_is_named(made, kind, run):
    only(made.store, kind)
    with pytest.raises(StoreError, match="parts of it are held") as refused:
        remove_run(made.store, run)
    assert f" by {KINDS[kind]}" in str(refused.value)
    assert (made.store.root / run).is_dir()
    only(made.store, "nobody")
    remove_run(made.store, run)
    assert not (made.store.root / run).exists()


def test_a_run_that_is_gone_stays_known_by_its_proposals(made):
    only(made.store, "nobody")
    remove_run(made.store, "triage")
    rows = made.store.rows("SELECT run_id, candidate FROM proposal ORDER BY id")
    assert rows == [{"run_id": None, "candidate": "triage@400"}, {"run_id": None, "candidate": "triage@600"}]


def test_checkpoints_name_what_holds_them_as_people_know_it(whole):
    rows = shelf_rows(whole.store, find_run(whole.store, "triage")["id"]).to_pylist()
    held = {row["step"]: [pin for pin in row["pins"] if not pin.startswith("campaign")] for row in rows}
    assert held == {
        200: [],
        400: ["approval:Li", "approval:Zhao", "proposal:triage@400", "release:prod v1"],
        600: ["approval:Li", "approval:Sun", "proposal:triage@600", "release:prod v2"],
    }
