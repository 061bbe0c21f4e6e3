"""Signed statements: in-toto Statement v1 in a DSSE envelope, Ed25519, canonical JSON (RFC 8785).

What is signed is "DSSEv1" SP length SP type SP length SP payload, so that a signature holds for this kind of payload
alone. An envelope has one way to be written, and only that is taken: a byte changed anywhere in it is noticed, also
where decoders would look away.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from assay.errors import AssayError
from store.key_files import key_id

__all__ = [
    "APPROVAL", "PAYLOAD", "RELEASE", "RESTORE", "STATEMENT", "EnvelopeError", "Opened", "open_envelope", "sign",
    "statement",
]  # fmt: skip

PAYLOAD = "application/vnd.in-toto+json"
"""Type of the payload."""

STATEMENT = "https://in-toto.io/Statement/v1"
"""Type of the statement."""

APPROVAL = "https://assay.dev/approval/v1"
"""Predicate of what a lead signs."""

RELEASE = "https://assay.dev/release/v1"
"""Predicate of what the server signs of a release."""

RESTORE = "https://assay.dev/restore/v1"
"""Predicate of what the server signs of a restore."""


class EnvelopeError(AssayError):
    """An envelope does not hold; the sentence names the first reason."""


class Opened(NamedTuple):
    """What an envelope that holds says."""

    statement: dict[str, Any]
    """The in-toto statement."""

    key_ids: tuple[str, ...]
    """Keys that signed it, all of them trusted."""


def statement(subjects: Mapping[str, str], predicate_type: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """A statement about things, each a name with its SHA-256 (hex)."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": subjects[name]}} for name in sorted(subjects)],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }


def sign(told: Mapping[str, Any], key: Ed25519PrivateKey) -> str:
    """Sign a statement: the text of its envelope, without a newline at its end."""
    payload = rfc8785.dumps(dict(told))
    signature = {"keyid": key_id(key.public_key()), "sig": _encoded(key.sign(_signed_bytes(payload)))}
    return rfc8785.dumps(
        {"payload": _encoded(payload), "payloadType": PAYLOAD, "signatures": [signature]}
    ).decode()  # fmt: skip


def open_envelope(text: str, trusted: Mapping[str, Ed25519PublicKey]) -> Opened:
    """What an envelope says, once every signature of it is by a trusted key and holds.

    `trusted` are public keys by their id. Raises EnvelopeError.
    """
    envelope = _parsed(text.encode("utf-8", "surrogatepass"), "the envelope")
    if envelope.get("payloadType") != PAYLOAD:
        raise EnvelopeError(f"the envelope holds no statement: its type is not {PAYLOAD}")
    if envelope.keys() != {"payload", "payloadType", "signatures"}:
        raise EnvelopeError("the envelope was changed: it has fields that nobody signed, or lacks some")
    payload = _decoded(envelope.get("payload"), "payload")
    signed = _signatures(envelope.get("signatures"))
    for name, signature in signed.items():
        _check(name, signature, payload, trusted)
    return Opened(_statement(payload), tuple(signed))


def _signed_bytes(payload: bytes) -> bytes:
    kind = PAYLOAD.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(value: Any, called: str) -> bytes:
    try:
        content = base64.b64decode(value, validate=True)
    except (TypeError, ValueError) as error:
        raise EnvelopeError(f"the envelope is damaged: its {called} is no base64") from error
    # Bits of the last character that no byte is made of.
    if _encoded(content) != value:
        raise EnvelopeError(f"the envelope is damaged: its {called} is no base64 as it is written here")
    return content


def _parsed(content: bytes, called: str) -> dict[str, Any]:
    try:
        found: Any = json.loads(content)
        canonical = rfc8785.dumps(found)
    except (ValueError, RecursionError) as error:
        raise EnvelopeError(f"{called} is damaged: it is no JSON") from error
    if not isinstance(found, dict):
        raise EnvelopeError(f"{called} is damaged: it is no JSON object")
    if canonical != content:
        raise EnvelopeError(f"{called} was changed: it is not written as it was signed (canonical JSON)")
    return cast("dict[str, Any]", found)


def _signatures(value: Any) -> dict[str, bytes]:
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    if not listed:
        raise EnvelopeError("the envelope is not signed")
    signed: dict[str, bytes] = {}
    for entry in listed:
        fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
        name = fields.get("keyid")
        if not isinstance(name, str) or name in signed or fields.keys() != {"keyid", "sig"}:
            raise EnvelopeError("the envelope is damaged: a signature names no key, names one twice, or says more")
        signed[name] = _decoded(fields.get("sig"), "signature")
    return signed


def _check(name: str, signature: bytes, payload: bytes, trusted: Mapping[str, Ed25519PublicKey]) -> None:
    key = trusted.get(name)
    if key is None:
        raise EnvelopeError(f"signed by the key {name[:12]}, which is not among the trusted ones")
    try:
        key.verify(signature, _signed_bytes(payload))
    except InvalidSignature as error:
        raise EnvelopeError(
            f"the signature of the key {name[:12]} does not hold: what was signed was changed"
        ) from error


def _statement(payload: bytes) -> dict[str, Any]:
    found = _parsed(payload, "the statement")
    if found.get("_type") != STATEMENT:
        raise EnvelopeError(f"what was signed is no statement of the type {STATEMENT}")
    if not isinstance(found.get("predicateType"), str) or not isinstance(found.get("predicate"), dict):
        raise EnvelopeError("what was signed is no whole statement: it has no predicate")
    if not isinstance(found.get("subject"), list) or not found["subject"]:
        raise EnvelopeError("what was signed is no whole statement: it is about nothing")
    return found
