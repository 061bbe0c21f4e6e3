"""Tokens: made once, kept as digests, taken back at once."""

import json
import stat

import pytest

from store.errors import StoreError
from store.serve.tokens import Tokens, add_token, list_tokens, remove_token


def test_a_token_is_found_by_what_was_handed_out_and_only_its_digest_is_kept(store):
    made = add_token(store, "gpu-1", "inbox")
    assert made.startswith("assay-inbox-")
    found = Tokens(store).find(made)
    assert (found.name, found.kind) == ("gpu-1", "inbox")
    file = store.root / ".secrets" / "tokens.json"
    assert made.removeprefix("assay-inbox-") not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_token_that_was_taken_back_opens_nothing_also_where_the_file_is_being_watched(store):
    made, known = add_token(store, "ann", "read"), Tokens(store)
    assert known.find(made) is not None
    remove_token(store, "ann")
    assert known.find(made) is None
    assert list_tokens(store) == []


def test_a_name_has_one_token(store):
    add_token(store, "ann", "read")
    with pytest.raises(StoreError, match="there is a token called ann; `assay serve token rm ann` takes it back"):
        add_token(store, "ann", "inbox")
    assert [(token.name, token.kind) for token in list_tokens(store)] == [("ann", "read")]


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "-x"])
def test_an_odd_name_is_refused(store, name):
    with pytest.raises(StoreError, match="cannot be a token's name"):
        add_token(store, name, "read")


def test_one_that_is_not_there_cannot_be_taken_back(store):
    with pytest.raises(StoreError, match="there is no token called bob; `assay serve token ls` lists them"):
        remove_token(store, "bob")


def test_a_damaged_file_lets_nobody_in(store):
    made = add_token(store, "ann", "read")
    (store.root / ".secrets" / "tokens.json").write_text(json.dumps([{"name": "ann"}]))
    with pytest.raises(StoreError, match="remove the file, and make them anew"):
        Tokens(store).find(made)
