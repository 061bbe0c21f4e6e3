"""The process beside a script that brings its spool to a server: what the script itself sees of it."""

import json
import sys
import time

import pytest

import assay
from assay import delivery
from assay.delivery import DELIVERY_NAME, Delivery, check_server, send_to
from assay.errors import AssayError

SERVER = "quack://127.0.0.1:9"


def command(monkeypatch, code):
    """Stand in for `assay deliver`."""
    monkeypatch.setattr(delivery, "_command", lambda *arguments: [sys.executable, "-c", code, *arguments])


def test_a_run_stays_the_same_run_when_its_server_is_another(tmp_path):
    send_to(tmp_path, SERVER)
    first = json.loads((tmp_path / DELIVERY_NAME).read_text())
    send_to(tmp_path, "quack://other:1")
    second = json.loads((tmp_path / DELIVERY_NAME).read_text())
    assert (first["server"], second["server"]) == (SERVER, "quack://other:1")
    assert first["origin"] == second["origin"]
    assert len(first["origin"]) == 32


def test_a_new_name_is_noted_with_the_server_and_stays(tmp_path):
    send_to(tmp_path, SERVER, "mine")
    send_to(tmp_path, "quack://other:1")
    note = json.loads((tmp_path / DELIVERY_NAME).read_text())
    assert (note["server"], note["as"]) == ("quack://other:1", "mine")


@pytest.mark.parametrize("text", ["", "[]", "{}", '"x"', '{"origin": "x"}', "{", "null"])
def test_a_damaged_note_is_said_and_makes_no_other_run_of_it(tmp_path, text):
    place = tmp_path / DELIVERY_NAME
    place.write_text(text)
    with pytest.raises(
        AssayError, match=r"delivery\.json is damaged, and the server knows the run by the origin in it"
    ):
        send_to(tmp_path, SERVER)
    assert place.read_text() == text


def test_a_note_that_cannot_be_read_makes_no_other_run_of_it(tmp_path):
    (tmp_path / DELIVERY_NAME).mkdir()
    with pytest.raises(IsADirectoryError):
        send_to(tmp_path, SERVER)


def test_what_the_server_refuses_is_said_while_the_script_runs(monkeypatch, tmp_path, capfd):
    command(monkeypatch, "import sys; print('the server says no', flush=True); sys.stdin.read()")
    one, said = Delivery(tmp_path), ""
    deadline = time.monotonic() + 60
    while not said:
        assert time.monotonic() < deadline
        said = capfd.readouterr().err
    assert said == "assay: the server says no\n"
    one.end()
    assert capfd.readouterr().err == ""


def test_a_server_that_says_no_is_the_scripts_error(monkeypatch):
    command(monkeypatch, "import sys; print('assay: the token is nobody\\'s', file=sys.stderr); sys.exit(2)")
    with pytest.raises(AssayError, match=r"^the token is nobody's$"):
        check_server(SERVER)


def test_a_server_that_is_away_is_said_and_nothing_more(monkeypatch, capfd):
    command(monkeypatch, "import sys; print('assay: it is away', file=sys.stderr); sys.exit(1)")
    check_server(SERVER)
    assert capfd.readouterr().err == "assay: it is away\n"


def test_an_environment_without_the_command_is_the_scripts_error(monkeypatch):
    command(monkeypatch, "import nothing_of_that_name")
    with pytest.raises(AssayError, match=f"{SERVER} cannot be used from here: ModuleNotFoundError"):
        check_server(SERVER)


def test_the_process_ends_with_what_it_reads(monkeypatch, tmp_path):
    command(monkeypatch, "import sys; sys.stdin.read(); open(sys.argv[2] + '/seen', 'w').close()")
    one = Delivery(tmp_path)
    assert not (tmp_path / "seen").exists()
    one.end()
    assert (tmp_path / "seen").exists()
    one.end()


def test_what_is_left_is_said_at_the_end_of_the_run(monkeypatch, tmp_path, capfd):
    command(monkeypatch, "import sys; sys.stdin.read(); print('assay: it is away', file=sys.stderr); sys.exit(1)")
    monkeypatch.setattr("assay.recording.check_server", lambda _: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    with assay.run("demo", store=SERVER) as run:
        run.log(1, loss=1.0)
    assert capfd.readouterr().err == (
        "assay: run demo is not all delivered: it is away; `assay deliver` brings the rest\n"
    )  # fmt: skip
    assert (tmp_path / "runs" / "demo" / "spool").is_dir()


def test_one_that_takes_long_goes_on_alone(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(delivery, "PATIENCE_SECONDS", 0.05)
    command(monkeypatch, "import sys, time; sys.stdin.read(); time.sleep(1)")
    Delivery(tmp_path).end()
    assert "are still on their way" in capfd.readouterr().err
