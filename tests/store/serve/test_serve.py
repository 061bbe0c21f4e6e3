"""A server of its own process: reading, delivering, and what no token can do."""

import shutil
import socket
import threading

import duckdb
import pytest

from store.commands.common import loaded_store
from store.database import Statement, Store
from store.errors import NotServedError, StoreError
from store.serve.door import Door
from store.serve.extension import quack_instance
from store.serve.remote import RefusedError, RemoteStore, Service, UnreachableError
from store.serve.tokens import add_token, list_tokens, remove_token
from tests.store.serve.serving import (
    Served,
    as_json,
    assay,
    free_port,
    one_sentence,
    recorded,
    steps_of,
    wait_until,
)  # fmt: skip


def raw(served, sql, token):
    """As any program with DuckDB asks: the message of the error, or rows."""
    try:
        return served.ask(sql, token).to_pylist()
    except StoreError as error:
        return str(error)


def with_a_run(folder, served):
    recorded(folder, "demo", 5)
    wait_until(lambda: len(steps_of(served.store, "demo")) == 5)
    return served


@pytest.fixture
def own(tmp_path, served):
    """A server with a run on it, for a test that ends it, or may."""
    return with_a_run(tmp_path, served)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory, blank):
    folder = tmp_path_factory.mktemp("team")
    (folder / "runs").mkdir()
    server = Served(Store.at(shutil.copy(blank, folder / "runs" / blank.name)).root).start()
    yield with_a_run(folder, server)
    server.stop()


@pytest.fixture
def team(lasting):
    """One that the tests share; a test's tokens are its own."""
    yield lasting
    for token in list_tokens(lasting.store):
        remove_token(lasting.store, token.name)


def test_a_store_on_a_server_is_read_with_the_same_calls(monkeypatch, team):
    monkeypatch.setenv("ASSAY_TOKEN", team.token("read"))
    store = Store.at(team.address)
    assert isinstance(store, RemoteStore)
    assert store.shown == team.address
    sql = "SELECT r.*, m.step, m.value FROM run r JOIN metric m ON m.run_id = r.id WHERE r.name = $name ORDER BY m.step"
    assert store.read(sql, {"name": "demo"}).equals(team.store.read(sql, {"name": "demo"}))
    assert store.rows("SELECT $t AS t", {"t": team.store.rows("SELECT created FROM run")[0]["created"]}) == [
        {"t": team.store.rows("SELECT created FROM run")[0]["created"]}
    ]


def test_nothing_is_changed_from_another_machine(monkeypatch, team):
    monkeypatch.setenv("ASSAY_TOKEN", team.token("read"))
    store = Store.at(team.address)
    with pytest.raises(StoreError, match="can only be read from here; do that on the machine that runs `assay serve`"):
        store.transact([])
    with pytest.raises(StoreError, match="the files of runs lie on the machine that serves"):
        store.root  # noqa: B018 - it is a property that says so
    assert loaded_store(team.address, served=True) is store


HARM = (
    "DROP TABLE run", "DELETE FROM run", "UPDATE run SET name = 'x'", "CREATE TABLE x AS SELECT 1",
    "ATTACH '{file}' AS x", "COPY run TO '{file}'", "COPY (SELECT 1) TO '{file}'", "FROM read_text('{secret}')",
    "FROM read_blob('{store}')", "FROM read_csv('{secret}')", "FROM '{secret}'", "FROM glob('/etc/*')",
    "SET enable_external_access = true", "SET GLOBAL quack_authorization_function = 'quack_nop_authorization'",
    "RESET lock_configuration", "CALL quack_stop('{uri}')", "FROM quack_server_list()", "FROM duckdb_secrets()",
    "FROM quack_active_connections()", "INSTALL httpfs", "LOAD httpfs", "FROM mapping", "FROM main.mapping",
    "FROM audit", "FROM \"user\"", "FROM verdict", "FROM draft", "FROM login", "FROM signing_key", "PRAGMA version",
    "SELECT 1; DROP TABLE run", "DROP FUNCTION assay_answer", "CREATE MACRO assay_answer(a, b) AS b", "CHECKPOINT",
    "FORCE CHECKPOINT", "SHUTDOWN", "BEGIN", "EXPORT DATABASE '{file}'", "INSERT INTO run (id) VALUES (9)",
    "INSERT INTO inbox VALUES (1)", "insert into main.answer_0 values (1)", "assay/1 nothing {{}}", "assay/1 ask",
    "assay/x ask {{}}\nSELECT 1", "assay/1 deliver {{}}", "assay/1 offsets {{\"run\": \"..\", \"origin\": \"x\"}}",
    "\0", "",
)  # fmt: skip


def files(*folders):
    found = [path for folder in folders for path in folder.rglob("*")]
    return sorted(path for path in found if not path.name.endswith((".lock", ".turn", ".wal", ".blocks")))


@pytest.mark.parametrize("kind", ["read", "inbox"])
def test_no_token_drops_stops_reads_files_or_the_mapping_or_writes_elsewhere(tmp_path, team, kind):
    token = team.token(kind)
    places = {
        "file": tmp_path / "made.out", "secret": team.root / ".secrets" / "tokens.json", "store": team.store.path,
        "uri": team.address.replace("quack://", "quack:"),
    }  # fmt: skip
    before = files(tmp_path, team.root)
    for sql in HARM:
        answer = raw(team, sql.format(**places), token)
        assert isinstance(answer, str), (sql, answer)
    assert files(tmp_path, team.root) == before
    # It still serves, and what was there is there.
    assert steps_of(team.store, "demo") == [1, 2, 3, 4, 5]
    assert team.service(token).hello()["kind"] == kind


def test_rows_cannot_be_appended_to_what_is_served(team):
    token, address = team.token("read"), team.address.replace("quack://", "quack:")
    with quack_instance() as client, pytest.raises(duckdb.Error, match="write schemata alone"):
        client.execute(f"ATTACH '{address}' AS s (TOKEN '{token}', DISABLE_SSL true)")


def test_whatever_an_append_says_it_is_refused(store):
    kept = []
    door = Door(store, kept.append)
    assert door.let_in("session", add_token(store, "eve", "inbox"), "")
    for text in ("INSERT INTO main.answer_1 VALUES (NULL)", " insert into x values (NULL)", "\nINSERT INTO a.b VALUES"):
        assert door.answer("session", text) is None
    assert kept == []


def test_each_kind_of_token_does_its_own_alone(team):
    read, inbox = team.token("read"), team.token("inbox")
    assert raw(team, "SELECT name FROM run", read) == [{"name": "demo"}]
    assert "the token a-inbox delivers runs and reads none" in raw(team, "SELECT name FROM run", inbox)
    with pytest.raises(RefusedError, match="the token a-read reads runs and delivers none"):
        team.service(read).told("offsets", {"run": "x", "origin": "a" * 32})


def test_a_token_that_was_taken_back_opens_nothing(team):
    token = team.token("read")
    assert raw(team, "SELECT name FROM run", token) == [{"name": "demo"}]
    remove_token(team.store, "a-read")
    assert "does not know the token" in raw(team, "SELECT name FROM run", token)


@pytest.mark.parametrize("token", ["nonsense", "assay-read-" + "x" * 43, "\0", "'; DROP TABLE run; --"])
def test_a_wrong_token_is_one_sentence(tmp_path, team, token):
    with pytest.raises(StoreError, match="does not know the token in ASSAY_TOKEN; ask whoever runs the server"):
        Service(team.address, token).hello()


def test_a_question_that_fails_says_why(monkeypatch, team):
    monkeypatch.setenv("ASSAY_TOKEN", team.token("read"))
    with pytest.raises(NotServedError, match="mapping is not given to tokens"):
        Store.at(team.address).read("SELECT * FROM mapping")
    with pytest.raises(RefusedError, match='Referenced column "nothing" not found'):
        Store.at(team.address).read("SELECT nothing FROM run")


def test_a_server_that_is_gone_is_said_in_one_sentence(monkeypatch):
    address = f"quack://127.0.0.1:{free_port()}"
    with pytest.raises(UnreachableError, match="does not answer now; see that `assay serve` runs there"):
        Service(address, "x").hello()


def test_many_readers_at_once_get_their_own_answers(team):
    token, wrong = team.token("read"), []

    def ask(number):
        for i in range(20):
            rows = team.service(token).ask(f"SELECT i + {number} AS x FROM range(2000) t(i)")["x"].to_pylist()
            if rows != [i + number for i in range(2000)]:
                wrong.append((number, i))

    threads = [threading.Thread(target=ask, args=(1000 * number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_ctrl_c_ends_it_cleanly(own):
    assert own.stop() == 0
    assert own.said[-1] == "Stopping: what has arrived is being loaded."
    assert not [line for line in own.said if "Traceback" in line]


def test_it_refuses_to_be_reached_from_elsewhere(tmp_path):
    done = assay("serve", "--host", "0.0.0.0", folder=tmp_path)
    assert done.returncode == 2
    assert "0.0.0.0 can be reached from other machines, and tokens would pass in the clear" in one_sentence(done.stderr)


def test_one_process_serves_a_store(tmp_path, team):
    done = assay("serve", "--store", str(team.root), "--port", "0", folder=tmp_path)
    assert done.returncode == 2
    assert one_sentence(done.stderr) == f"another process serves {team.store.path}; end that one first"


def test_another_protocol_is_one_sentence(team):
    for kind in ("read", "inbox"):
        service = team.service(team.token(kind))
        for verb in ("hello", "ask", "offsets", "deliver"):
            with pytest.raises(
                RefusedError, match=r"^the server's protocol is 1 \(Assay .*\), this program's 2; install"
            ):
                service.ask(f"assay/2 {verb} {{}}\nSELECT 1")


def test_another_schema_is_one_sentence(monkeypatch, team):
    monkeypatch.setattr("store.serve.remote.schema_version", lambda: 6)
    with pytest.raises(
        RefusedError, match=r"^the server's store has schema \d+ \(Assay .*\), this program's 6; install"
    ):
        team.service(team.token("read")).hello()


def test_spools_of_a_newer_program_wait(monkeypatch, team):
    monkeypatch.setattr("store.serve.remote.FORMAT", 99)
    with pytest.raises(
        RefusedError, match=r"^the server's spools have format \d+ \(Assay .*\), this program's 99; install"
    ):
        team.service(team.token("inbox")).hello()


def test_a_server_that_is_none_of_ours_is_one_sentence():
    with quack_instance() as other:
        port = free_port()
        other.execute(f"CALL quack_serve('quack:127.0.0.1:{port}', token := 'its own', disable_ssl := true)")
        with pytest.raises(RefusedError, match="does not answer as `assay serve` of this version does"):
            Service(f"quack://127.0.0.1:{port}", "its own").hello()
        other.execute(f"CALL quack_stop('quack:127.0.0.1:{port}')")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"quack://127.0.0.1:{silent.getsockname()[1]}"

        def hang_up():
            silent.accept()[0].close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        with pytest.raises(StoreError, match=f"{address} does not answer"):
            Service(address, "x").hello()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT i FROM range(100000000) t(i)",
        pytest.param("SELECT i FROM range(1000000000) t(i) ORDER BY hash(i)", marks=pytest.mark.slow),
        pytest.param("SELECT sum(length(repeat('x', 1000000000))) FROM range(64)", marks=pytest.mark.slow),
    ],
)
def test_a_question_cannot_take_all_memory_or_the_disk(own, sql):
    token = own.token("read")
    answer = raw(own, sql, token)
    # Which of the two ends it first depends on how busy the machine is.
    assert "ask for less" in answer or "Out of Memory" in answer
    assert raw(own, "SELECT 1 AS one", token) == [{"one": 1}]


def test_a_port_that_is_taken_is_one_sentence(tmp_path, team):
    done = assay("serve", "--store", str(tmp_path / "more"), "--port", str(team.port), folder=tmp_path)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{team.port}, something does already; choose" in one_sentence(done.stderr)


def test_other_commands_use_the_store_while_it_is_served(tmp_path, team):
    done = assay("runs", "ls", "--json", "--store", str(team.root), folder=tmp_path)
    assert [run["run"] for run in as_json(done)] == ["demo"]
    team.store.transact([Statement("UPDATE run SET starred = true")])
    assert team.store.rows("SELECT starred FROM run") == [{"starred": True}]
