"""`assay user key`: make, add, ls, retire, server."""

import json
import stat
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.errors import AssayError
from store.commands import passphrase
from store.commands.user import user
from store.errors import StoreError
from store.key_files import public_pem, read_private
from store.keys import key_id, key_owner, read_public, server_key
from tests.store.people import actions, add

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def passphrase_set(monkeypatch):
    monkeypatch.setenv("ASSAY_KEY_PASSPHRASE", PASSPHRASE)


@pytest.fixture
def people(store):
    return {"Root": add(store), "Li": add(store, "Li", "lead"), "Zhao": add(store, "Zhao", "lead")}


def invoke(store, *arguments, **options):
    arguments = [*map(str, arguments), "--store", str(store.path)]
    return CliRunner().invoke(user, ["key", *arguments], catch_exceptions=False, **options)


def owner(store, name):
    return store.snapshot(lambda snapshot: key_owner(snapshot, name))


def test_a_key_is_made_encrypted_and_its_public_half_registered(store, people, tmp_path):
    out = tmp_path / "li.pem"
    done = invoke(store, "make", "Li", "--out", out, "--json")
    document = json.loads(done.stdout)
    assert document == {"key": document["key"], "user": "Li", "file": str(out), "public": str(tmp_path / "li.pem.pub")}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    private = read_private(out, PASSPHRASE, store.root)
    assert document["key"] == key_id(private.public_key()) == key_id(read_public(tmp_path / "li.pem.pub"))
    assert owner(store, document["key"]).user_id == people["Li"]
    assert actions(store)[-1] == "key-add"


def test_people_read_what_was_made(store, people, tmp_path):
    done = invoke(store, "make", "Li", "--out", tmp_path / "li.pem")
    [row] = store.rows("SELECT key_id FROM signing_key")
    public = f"{tmp_path}/li.pem.pub"
    assert done.stderr == f"{tmp_path}/li.pem is the key {row['key_id'][:12]} of Li, and {public} its public half\n"
    assert done.stdout == ""


def test_the_passphrase_is_asked_for_twice(store, people, tmp_path, monkeypatch):
    monkeypatch.delenv("ASSAY_KEY_PASSPHRASE")
    monkeypatch.setattr(passphrase, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    out = tmp_path / "li.pem"
    done = invoke(store, "make", "Li", "--out", out, "--json", input="one thing typed\nanother thing typed\n" * 2)
    assert done.exit_code == 1
    assert not out.exists()
    done = invoke(store, "make", "Li", "--out", out, "--json", input="typed twice alike\n" * 2)
    assert f"New passphrase of {out}: " in done.stderr
    assert json.loads(done.stdout)["key"] == key_id(read_private(out, "typed twice alike").public_key())


def test_without_a_terminal_and_the_variable_one_sentence_says_so(store, people, tmp_path, monkeypatch):
    monkeypatch.delenv("ASSAY_KEY_PASSPHRASE")
    with pytest.raises(AssayError, match=r"li\.pem needs a passphrase, and there is no terminal .* ASSAY_KEY_PASS"):
        invoke(store, "make", "Li", "--out", tmp_path / "li.pem")
    assert list(tmp_path.glob("li*")) == []


def test_nothing_is_left_of_a_key_that_cannot_be_registered(store, people, tmp_path):
    with pytest.raises(StoreError, match="there is nobody called Wang here"):
        invoke(store, "make", "Wang", "--out", tmp_path / "wang.pem")
    (tmp_path / "li.pem.pub").write_text("someone's")
    with pytest.raises(StoreError, match=r"li\.pem\.pub exists"):
        invoke(store, "make", "Li", "--out", tmp_path / "li.pem")
    assert [file.name for file in tmp_path.glob("*.p*")] == ["li.pem.pub"]
    assert (tmp_path / "li.pem.pub").read_text() == "someone's"
    assert store.rows("SELECT * FROM signing_key") == []


def test_no_key_is_made_in_the_stores_folder(store, people):
    with pytest.raises(StoreError, match="lies in a store's folder"):
        invoke(store, "make", "Li", "--out", store.root / "li.pem")
    assert not (store.root / "li.pem").exists()


def test_a_key_made_elsewhere_is_registered_once(store, people, tmp_path):
    public = Ed25519PrivateKey.generate().public_key()
    file = tmp_path / "zhao.pub"
    file.write_text(public_pem(public))
    done = invoke(store, "add", "Zhao", file)
    assert done.stderr == f"the key {key_id(public)[:12]} is registered for Zhao\n"
    with pytest.raises(StoreError, match="is registered for Zhao already"):
        invoke(store, "add", "Zhao", file)
    with pytest.raises(StoreError, match="belongs to someone else here"):
        invoke(store, "add", "Li", file)
    assert json.loads(invoke(store, "retire", key_id(public)[:8], "--json").stdout) == {
        "key": key_id(public),
        "retired": True,
    }
    with pytest.raises(StoreError, match="was retired, and does not come back"):
        invoke(store, "add", "Zhao", file)
    with pytest.raises(StoreError, match="was retired already"):
        invoke(store, "retire", key_id(public))


def test_a_private_key_is_not_taken_for_a_public_one(store, people, tmp_path):
    invoke(store, "make", "Li", "--out", tmp_path / "li.pem")
    with pytest.raises(StoreError, match=r"li\.pem is a private key"):
        invoke(store, "add", "Zhao", tmp_path / "li.pem")


def test_the_servers_public_key_is_written_for_verifiers(store, people, tmp_path):
    out = tmp_path / "server.pub"
    document = json.loads(invoke(store, "server", "--out", out, "--json").stdout)
    assert document == {"key": key_id(server_key(store).public_key()), "file": str(out)}
    assert key_id(read_public(out)) == document["key"]
    assert owner(store, document["key"]).user_id is None
    with pytest.raises(StoreError, match="never written over"):
        invoke(store, "server", "--out", out)


def test_keys_are_listed_with_whose_they_are(store, people, tmp_path):
    assert json.loads(invoke(store, "ls", "--json").stdout) == []
    assert invoke(store, "ls").stderr.startswith("no keys yet: the server's is made when it first signs")
    invoke(store, "make", "Li", "--out", tmp_path / "li.pem")
    invoke(store, "server", "--out", tmp_path / "server.pub")
    invoke(store, "make", "Zhao", "--out", tmp_path / "zhao.pem")
    retired = json.loads(invoke(store, "ls", "--json").stdout)[2]["key_id"]
    invoke(store, "retire", retired)
    rows = json.loads(invoke(store, "ls", "--json").stdout)
    assert [(row["name"], row["user_id"], row["retired"] is None) for row in rows] == [
        (None, None, True), ("Li", people["Li"], True), ("Zhao", people["Zhao"], False),
    ]  # fmt: skip
    assert list(rows[0]) == ["key_id", "user_id", "name", "public_key", "created", "created_by", "retired"]
    lines = invoke(store, "ls").stdout.splitlines()
    assert [line.split()[1:3] for line in lines[1:]] == [["the", "server"], ["Li", rows[1]["created"][:10]], [
        "Zhao", rows[2]["created"][:10]]]  # fmt: skip
    assert "retired 20" in lines[3]
