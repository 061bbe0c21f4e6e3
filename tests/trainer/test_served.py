"""A run that is trained here and goes to a server."""

import json

import pytest

from assay.errors import AssayError
from store.database import Store
from tests.store.serve.serving import Served, one_sentence, steps_of, wait_until
from trainer.config_file import to_toml
from trainer.session import resume_run, start_run


@pytest.fixture
def served(tmp_path):
    (tmp_path / "there").mkdir()
    server = Served(tmp_path / "there")
    server.store.create()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def config(tmp_path, config_for):
    file = tmp_path / "run.toml"
    file.write_text(to_toml(config_for()))
    return file


def test_a_run_is_recorded_here_and_arrives_there(monkeypatch, tmp_path, served, config, assay):
    monkeypatch.setenv("ASSAY_TOKEN", served.token("inbox"))
    (tmp_path / "runs").mkdir()
    done = assay("train", config, "--store", served.address, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: steps_of(served.store, "r") == [1, 2, 3, 4, 5, 6])
    here = Store.at(tmp_path / "runs" / "assay.duckdb")
    sql = "SELECT path, sha256, state FROM checkpoint ORDER BY path, step"
    wait_until(lambda: served.store.rows(sql) == here.rows(sql))
    # Checkpoints stay where they were made.
    assert (tmp_path / "runs" / "r" / "checkpoints").is_dir()
    assert not (served.root / "r" / "checkpoints").exists()


def test_a_run_that_goes_on_for_a_server_is_delivered_whole(monkeypatch, tmp_path, served, config, assay):
    monkeypatch.setenv("ASSAY_TOKEN", served.token("inbox"))
    (tmp_path / "runs").mkdir()
    assert assay("train", config, cwd=tmp_path).returncode == 0
    settings = ("--set", "train.steps=8", "--store", served.address)
    done = assay("train", "--resume", "r", *settings, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: steps_of(served.store, "r") == [1, 2, 3, 4, 5, 6, 7, 8])


def test_a_run_whose_server_cannot_be_noted_does_not_go_on_and_says_so(store, config_for, monkeypatch):
    start_run(config_for(train__steps=2), store)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainer.session.send_to", full)
    store.delivers_to = "http://somewhere:1"
    with pytest.raises(AssayError) as caught:
        resume_run("r", ["train.steps=4"], store)
    assert str(caught.value) == (
        f"cannot record in {store.root}: No space left on device; the run is as it was: see to that, and resume it "
        "again"
    )


def test_a_wrong_token_is_one_sentence_before_anything_is_made(monkeypatch, tmp_path, served, config, assay):
    monkeypatch.setenv("ASSAY_TOKEN", "assay-inbox-wrong")
    (tmp_path / "runs").mkdir()
    done = assay("train", config, "--store", served.address, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not know the token in ASSAY_TOKEN" in one_sentence(done.stderr)
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("named", [False, True])
def test_a_run_that_goes_on_from_its_mirror_goes_on_at_its_server(monkeypatch, tmp_path, served, config, assay, named):
    monkeypatch.setenv("ASSAY_TOKEN", served.token("inbox"))
    for machine in ("one", "two"):
        (tmp_path / machine / "runs").mkdir(parents=True)
    mirror = tmp_path / "mirror"
    settings = ("--set", f"checkpoint.mirror={mirror}")
    done = assay("train", config, *settings, "--store", served.address, cwd=tmp_path / "one")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: steps_of(served.store, "r") == [1, 2, 3, 4, 5, 6])
    noted = (tmp_path / "one" / "runs" / "r" / "delivery.json").read_text()
    assert (mirror / "r" / "delivery.json").read_text() == noted
    # The other machine has nothing but the mirror. Where the server is named too, it is by another name of it.
    address = served.address.replace("127.0.0.1", "localhost")
    store = ("--store", address) if named else ()
    done = assay("train", "--resume", mirror / "r", "--set", "train.steps=8", *store, cwd=tmp_path / "two")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: steps_of(served.store, "r") == [1, 2, 3, 4, 5, 6, 7, 8])
    here = json.loads((tmp_path / "two" / "runs" / "r" / "delivery.json").read_text())
    assert here == {**json.loads(noted), "server": address if named else served.address}
    assert (mirror / "r" / "delivery.json").read_text() == (
        tmp_path / "two" / "runs" / "r" / "delivery.json"
    ).read_text()
    assert [path.parent.name for path in served.root.glob("*/spool")] == ["r"]
