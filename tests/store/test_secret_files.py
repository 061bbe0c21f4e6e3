"""Secrets of a store: made once, readable by the owner alone, the same for all who ask at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from store.errors import StoreError
from store.secret_files import secret


def test_a_secret_is_made_once_and_stays(store):
    made = secret(store, "sides")
    assert len(made) == 32
    assert secret(store, "sides") == made
    assert secret(store, "cookies") != made


def test_only_the_owner_can_read_it(store):
    old = os.umask(0)
    try:
        secret(store, "sides")
    finally:
        os.umask(old)
    folder = store.root / ".secrets"
    assert (folder.stat().st_mode & 0o777, (folder / "sides").stat().st_mode & 0o777) == (0o700, 0o600)
    assert [place.name for place in folder.iterdir()] == ["sides"]


def test_all_who_ask_at_once_get_the_same(store):
    with ThreadPoolExecutor(16) as askers:
        assert len(set(askers.map(lambda _: secret(store, "sides"), range(64)))) == 1
    assert [place.name for place in (store.root / ".secrets").iterdir()] == ["sides"]


def test_processes_that_ask_at_once_get_the_same(store):
    code = (
        "import sys\nfrom store.database import Store\nfrom store.secret_files import secret\n"
        "print(secret(Store.at(sys.argv[1]), 'sides').hex())"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, store.path], stdout=subprocess.PIPE) for _ in range(4)]
    assert {process.communicate()[0].strip().decode() for process in started} == {secret(store, "sides").hex()}


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_secret_is_named_and_not_used(store, content):
    secret(store, "sides")
    (store.root / ".secrets" / "sides").write_bytes(content)
    with pytest.raises(StoreError, match=r"the secret .*sides is damaged; remove it"):
        secret(store, "sides")


def test_where_no_secret_can_be_made_one_sentence_says_so(store):
    (store.root / ".secrets").write_text("a file in the folder's place")
    with pytest.raises(StoreError, match=r"cannot read or make the secret .*sides: "):
        secret(store, "sides")


def test_a_secret_is_in_no_table(store):
    made = secret(store, "sides")
    assert made not in store.path.read_bytes()
