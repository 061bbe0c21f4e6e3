"""What can go wrong between a trainer and its server: each is one clear sentence, and nothing is lost or doubled."""

import os
from pathlib import Path

import pytest

import assay as recorder
from assay.delivery import send_to
from store.loading import load_spools
from store.serve.delivering import Deliverer, destination_of
from store.serve.remote import RefusedError
from store.serve.tokens import remove_token
from tests.store.serve.serving import Served, as_json, assay, one_sentence, recorded, steps_of, wait_until

HERE = Path(__file__).parents[3]
MIB = 1 << 20


@pytest.fixture
def trainer(tmp_path) -> Path:
    """Another machine: a folder of its own, with its own runs."""
    folder = tmp_path / "trainer"
    (folder / "runs").mkdir(parents=True)
    return folder


def large(trainer, mib) -> Path:
    """A run with a spool of many MiB between its steps."""
    with recorder.run("demo", store=trainer / "runs") as run:
        for step in range(1, mib + 1):
            run.log(step, loss=1.0)
            run.event("note", "x" * MIB)
    return trainer / "runs" / "demo"


def same_bytes(here, there):
    """Whether both have the same spools."""
    spools = [{path.name: path.read_bytes() for path in (folder / "spool").iterdir()} for folder in (here, there)]
    return spools[0] == spools[1]


def sized(folder):
    return sum(path.stat().st_size for path in (folder / "spool").iterdir())


def test_a_server_whose_disk_is_full_says_so_and_takes_the_rest_once_there_is_room(store, trainer):
    served = Served(store.root).start(largest_file=4 * MIB)
    token = served.token("inbox")
    try:
        folder = large(trainer, 6)
        for _ in range(2):
            done = assay("deliver", "demo", "--to", served.address, folder=trainer, ASSAY_TOKEN=token)
            assert done.returncode == 2
            assert one_sentence(done.stderr) == (
                "the server cannot write run demo: File too large; what was recorded waits where it is"
            )
        assert sized(served.root / "demo") == 4 * MIB
        # The other runs are delivered all the same, and the server answers.
        recorded(trainer, "small", 2)
        done = assay("deliver", "small", "--to", served.address, folder=trainer, ASSAY_TOKEN=token)
        assert done.returncode == 0, done.stderr
        served.stop()
        served.start()
        [told, _] = as_json(assay("deliver", "--json", folder=trainer, ASSAY_TOKEN=token))["runs"]
        assert (told["sent"], told["problem"]) == (sized(folder) - 4 * MIB, None)
        wait_until(lambda: steps_of(store, "demo") == [1, 2, 3, 4, 5, 6])
        assert same_bytes(folder, served.root / "demo")
        assert store.rows("SELECT sum(damaged) AS n FROM spool_offset") == [{"n": 0}]
    finally:
        served.stop()


def test_a_server_that_is_killed_in_the_middle_of_a_line_goes_on_there(store, trainer, served):
    folder = recorded(trainer, "demo", 20)
    token = served.token("inbox")
    send_to(folder, served.address)
    done = assay("deliver", folder=trainer, ASSAY_TOKEN=token)
    assert done.returncode == 0, done.stderr
    served.kill()
    [spool] = (served.root / "demo" / "spool").iterdir()
    whole = spool.read_bytes()
    cut = whole.index(b'"s":7') + 3
    spool.write_bytes(whole[:cut])
    store.transaction(lambda tx: tx.execute("DELETE FROM spool_offset"))
    for table in ("metric", "metric_span", "step_batch", "branch", "event", "run"):
        store.transaction(lambda tx, table=table: tx.execute(f"DELETE FROM {table}"))
    load_spools(store)
    assert steps_of(store, "demo") == [1, 2, 3, 4, 5, 6]
    served.start()
    [told] = as_json(assay("deliver", "--json", folder=trainer, ASSAY_TOKEN=token))["runs"]
    assert told["sent"] == len(whole) - cut
    wait_until(lambda: steps_of(store, "demo") == list(range(1, 21)))
    assert same_bytes(folder, served.root / "demo")


def test_a_token_that_is_taken_back_during_a_delivery_leaves_what_arrived(monkeypatch, served, trainer):
    monkeypatch.setattr("store.serve.delivering.CHUNK_BYTES", 100)
    folder = recorded(trainer, "demo", 30)
    send_to(folder, served.address)
    deliverer = Deliverer(folder, destination_of(folder), served.service(served.token("inbox", "gpu")))
    real, sent = deliverer._put, []

    def put(*arguments):
        sent.append(arguments)
        if len(sent) == 4:
            remove_token(served.store, "gpu")
        return real(*arguments)

    monkeypatch.setattr(deliverer, "_put", put)
    with pytest.raises(RefusedError, match=r"does not know the token in ASSAY_TOKEN; ask whoever runs the server"):
        deliverer.deliver()
    assert (deliverer.sent, sized(served.root / "demo")) == (300, 300)
    # Another token of that name goes on where it was; one of another name does not.
    eve = Deliverer(folder, destination_of(folder), served.service(served.token("inbox", "eve")))
    with pytest.raises(RefusedError, match="run demo is delivered with the token gpu, not with eve; use that one"):
        eve.deliver()
    again = Deliverer(folder, destination_of(folder), served.service(served.token("inbox", "gpu")))
    assert again.deliver() == sized(folder) - 300
    wait_until(lambda: steps_of(served.store, "demo") == list(range(1, 31)))
    assert same_bytes(folder, served.root / "demo")


CLOCK = """
import datetime
import store.clock as clock
now = clock.utc_now
clock.utc_now = lambda: now() + datetime.timedelta(hours={0})
"""

SKEWED = "the clock of this machine is 60 min {0} the server's; set it right and try again: nothing was sent"

OTHERS = {
    "a clock an hour behind": (CLOCK.format(-1), SKEWED.format("behind")),
    "a clock an hour ahead": (CLOCK.format(1), SKEWED.format("ahead of")),
    "another protocol": ("import store.serve.wire as wire\nwire.PROTOCOL = 2\n", "this program's 2; install the same"),
    "newer spools": ("import assay.spool as spool\nspool.FORMAT = 99\n", "this program's 99; install the same"),
}
"""Programs that differ from the server's, as what Python runs before them, and what is said."""


@pytest.mark.parametrize("name", OTHERS)
def test_a_trainer_that_differs_is_told_once_before_anything_is_sent(served, trainer, name):
    text, sentence = OTHERS[name]
    (trainer / "odd").mkdir()
    (trainer / "odd" / "sitecustomize.py").write_text(text)
    folder, token = recorded(trainer, "demo", 3), served.token("inbox")
    odd = {"ASSAY_TOKEN": token, "PYTHONPATH": os.pathsep.join([str(trainer / "odd"), str(HERE)])}
    for arguments in (("demo", "--to", served.address), ("--check", served.address)):
        done = assay("deliver", *arguments, folder=trainer, **odd)
        assert (done.returncode, sentence in one_sentence(done.stderr)) == (2, True), done.stderr
    assert not (served.root / "demo").exists()
    # Once that is mended, all of it arrives.
    assert assay("deliver", folder=trainer, ASSAY_TOKEN=token).returncode == 0
    wait_until(lambda: steps_of(served.store, "demo") == [1, 2, 3])
    assert same_bytes(folder, served.root / "demo")


def test_two_deliveries_of_one_run_at_once_are_one(served, trainer, monkeypatch):
    monkeypatch.setattr("store.serve.delivering.CHUNK_BYTES", 200)
    folder, token = recorded(trainer, "demo", 60), served.token("inbox")
    send_to(folder, served.address)
    one, other = (Deliverer(folder, destination_of(folder), served.service(token)) for _ in range(2))
    real, turns = one._put, []

    def meanwhile(*arguments):
        if len(turns) == 3:
            other.deliver()
        turns.append(1)
        return real(*arguments)

    monkeypatch.setattr(one, "_put", meanwhile)
    one.deliver()
    assert same_bytes(folder, served.root / "demo")
    wait_until(lambda: steps_of(served.store, "demo") == list(range(1, 61)))


def test_a_line_longer_than_spools_have_is_one_sentence_and_other_runs_go_on(served, trainer):
    folder, token = recorded(trainer, "a-long", 2), served.token("inbox")
    recorded(trainer, "b-short", 2)
    [spool] = (folder / "spool").iterdir()
    with spool.open("ab") as file:
        file.write(b"x" * (33 * MIB) + b"\n")
    arguments = ("deliver", "a-long", "b-short", "--to", served.address)
    done = assay(*arguments, folder=trainer, ASSAY_TOKEN=token)
    assert done.returncode == 2
    assert one_sentence(done.stderr) == (
        f"a line of {spool.name} in run a-long is longer than the 32 MiB that a spool's line may have, so the server "
        "takes no more of this file; it stays where it is"
    )
    wait_until(lambda: steps_of(served.store, "b-short") == [1, 2] and steps_of(served.store, "a-long") == [1, 2])


def test_a_folder_that_was_given_another_name_here_is_the_run_it_was(served, trainer):
    folder, token = recorded(trainer, "demo", 3), served.token("inbox")
    assert assay("deliver", "demo", "--to", served.address, folder=trainer, ASSAY_TOKEN=token).returncode == 0
    folder.rename(folder.with_name("mine"))
    done = assay("deliver", folder=trainer, ASSAY_TOKEN=token)
    assert (done.returncode, one_sentence(done.stderr)) == (
        2, "the server has this run already and calls it demo; deliver it with --as demo",
    )  # fmt: skip
    assert assay("deliver", "mine", "--as", "demo", folder=trainer, ASSAY_TOKEN=token).returncode == 0
    assert [path.parent.name for path in served.root.glob("*/spool")] == ["demo"]
