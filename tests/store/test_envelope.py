"""Signed statements: known bytes, and every way in which one does not hold."""

import base64
import json

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from store.envelope import APPROVAL, PAYLOAD, EnvelopeError, open_envelope, sign, statement
from store.key_files import key_id

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
ID = key_id(KEY.public_key())
TRUSTED = {ID: KEY.public_key()}
TOLD = statement({"export": "ab" * 32, "bundle.json": "cd" * 32}, APPROVAL, {"user": "李", "evidence": "ef" * 32})
TEXT = sign(TOLD, KEY)


def changed(**fields):
    return rfc8785.dumps({**json.loads(TEXT), **fields}).decode()


def signed(payload: bytes, kind: str = PAYLOAD):
    """An envelope whose signature holds, whatever the payload is."""
    told = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    signature = {"keyid": ID, "sig": base64.b64encode(KEY.sign(told)).decode()}
    fields = {"payload": base64.b64encode(payload).decode(), "payloadType": kind, "signatures": [signature]}
    return rfc8785.dumps(fields).decode()


def test_a_statement_names_its_subjects_in_order():
    assert TOLD == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "bundle.json", "digest": {"sha256": "cd" * 32}},
            {"name": "export", "digest": {"sha256": "ab" * 32}},
        ],
        "predicateType": "https://assay.dev/approval/v1",
        "predicate": {"user": "李", "evidence": "ef" * 32},
    }


def test_the_envelope_is_dsse_as_others_read_it():
    envelope = json.loads(TEXT)
    payload = base64.b64decode(envelope["payload"])
    assert json.loads(payload) == TOLD
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    [signature] = envelope["signatures"]
    assert signature["keyid"] == ID
    told = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(payload)).encode() + b" " + payload
    KEY.public_key().verify(base64.b64decode(signature["sig"]), told)


def test_what_was_signed_is_read_again():
    assert open_envelope(TEXT, TRUSTED) == (TOLD, (ID,))
    assert sign(TOLD, KEY) == TEXT


def test_a_key_that_is_not_trusted_counts_for_nothing():
    with pytest.raises(EnvelopeError, match=f"signed by the key {ID[:12]}, which is not among the trusted ones"):
        open_envelope(TEXT, {key_id(OTHER.public_key()): OTHER.public_key()})
    with pytest.raises(EnvelopeError, match="not among the trusted ones"):
        open_envelope(TEXT, {})


def test_a_signature_in_anothers_name_does_not_hold():
    with pytest.raises(EnvelopeError, match="does not hold"):
        open_envelope(TEXT, {ID: OTHER.public_key()})


def test_every_signature_must_be_trusted_and_hold():
    first = json.loads(TEXT)["signatures"][0]
    second = json.loads(sign(TOLD, OTHER))["signatures"][0]
    both = changed(signatures=[first, second])
    trusted = {**TRUSTED, key_id(OTHER.public_key()): OTHER.public_key()}
    assert open_envelope(both, trusted).key_ids == (ID, key_id(OTHER.public_key()))
    with pytest.raises(EnvelopeError, match="not among the trusted ones"):
        open_envelope(both, TRUSTED)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the envelope is damaged: it is no JSON"),
        ("{", "the envelope is damaged: it is no JSON"),
        ("[" * 100_000, "the envelope is damaged: it is no JSON"),
        ('{"n":NaN}', "the envelope is damaged: it is no JSON"),
        ("\udc80", "the envelope is damaged: it is no JSON"),
        ("[]", "the envelope is damaged: it is no JSON object"),
        (TEXT + "\n", "it is not written as it was signed"),
        (TEXT.replace(":", ": ", 1), "it is not written as it was signed"),
        (TEXT.replace('{"payload":', '{"payload":"e30=","payload":', 1), "it is not written as it was signed"),
        (changed(payloadType="text/plain"), "the envelope holds no statement"),
        (changed(note="trust me"), "it has fields that nobody signed"),
        (changed(payload=None), "its payload is no base64"),
        (changed(payload="e30"), "its payload is no base64"),
        (changed(payload="e31="), "its payload is no base64 as it is written here"),
        (changed(payload="e30="), f"the signature of the key {ID[:12]} does not hold"),
        (changed(signatures=[]), "the envelope is not signed"),
        (changed(signatures="x"), "the envelope is not signed"),
        (changed(signatures=["x"]), "a signature names no key"),
        (changed(signatures=json.loads(TEXT)["signatures"] * 2), "names one twice"),
        (changed(signatures=[{"keyid": ID, "sig": "AAAA"}]), f"the signature of the key {ID[:12]} does not hold"),
        (changed(signatures=[{"keyid": ID, "sig": 7}]), "its signature is no base64"),
        (changed(signatures=[{"keyid": ID}]), "a signature names no key, names one twice, or says more"),
        (signed(b"{}", "text/plain"), "the envelope holds no statement"),
        (signed(b"no json"), "the statement is damaged: it is no JSON"),
        (signed(json.dumps(TOLD).encode()), "the statement was changed: it is not written as it was signed"),
        (signed(rfc8785.dumps({**TOLD, "_type": "x"})), "no statement of the type"),
        (signed(rfc8785.dumps({**TOLD, "predicateType": 1})), "it has no predicate"),
        (signed(rfc8785.dumps({**TOLD, "predicate": []})), "it has no predicate"),
        (signed(rfc8785.dumps({**TOLD, "subject": []})), "it is about nothing"),
    ],
)  # fmt: skip
def test_the_first_thing_that_does_not_hold_is_named(text, says):
    with pytest.raises(EnvelopeError, match=says):
        open_envelope(text, TRUSTED)


@given(st.integers(0, len(TEXT.encode()) - 1), st.integers(1, 255))
def test_a_byte_changed_anywhere_is_noticed(place, change):
    content = bytearray(TEXT.encode())
    content[place] ^= change
    with pytest.raises(EnvelopeError):
        open_envelope(content.decode("utf-8", "surrogateescape"), TRUSTED)
