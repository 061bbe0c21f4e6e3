"""What the two ends agree on: a message is text in the place of SQL, its first line says what it is.

    assay/1 ask {"step": 3}
    SELECT value FROM metric WHERE step = $step

The server reads the text before DuckDB does, and answers with rows. Plain SQL is a question without values.
"""

import base64
import json
import zlib
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias, cast

__all__ = [
    "MAGIC",
    "NOT_GIVEN",
    "PROTOCOL",
    "REFUSED",
    "Message",
    "pack",
    "parse",
    "quoted",
    "refusal",
    "unpack",
    "write",
]

PROTOCOL = 1
"""Raised when one end would misread the other."""

MAGIC = "assay/"

REFUSED = "assay refuses: "
"""Begin of an error that is a sentence for people."""

Fields: TypeAlias = dict[str, Any]


NOT_GIVEN = "is not given to tokens"
"""What the sentence says where a part of the store is not shown."""


class Message(NamedTuple):
    """One message."""

    verb: str
    """hello, ask, offsets or deliver."""

    fields: Fields
    """Its values, by name."""

    body: str
    """What follows the first line."""

    protocol: int
    """Version that its sender speaks."""


def write(verb: str, fields: Fields, body: str = "") -> str:
    r"""Spell a message. Raises TypeError for a value that is none of SQL's.

    >>> write("ask", {"run": "demo"}, "SELECT $run")
    'assay/1 ask {"run": "demo"}\nSELECT $run'
    """
    return f"{MAGIC}{PROTOCOL} {verb} {json.dumps(fields, default=_spelled)}\n{body}"


def parse(text: str) -> Message:
    """Read a message; text that is none is a question in plain SQL. Raises ValueError for a damaged one."""
    if not text.startswith(MAGIC):
        return Message("ask", {}, text, PROTOCOL)
    head, _, body = text.partition("\n")
    protocol, verb, fields = head.removeprefix(MAGIC).split(" ", 2)
    found = json.loads(fields, object_hook=_read)
    if not isinstance(found, dict):
        raise ValueError("the fields of a message are an object")  # noqa: TRY004 - a damaged message, whatever is wrong
    return Message(verb, cast("Fields", found), body, int(protocol))


def pack(data: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(zlib.compress(data, 1)).decode()


def unpack(text: str, size: int) -> bytes:
    """`pack` backwards; `size` is how many bytes it must give, and no more are ever made. Raises ValueError."""
    try:
        decoder = zlib.decompressobj()
        data = decoder.decompress(base64.b64decode(text, validate=True), size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(data) != size:
        raise ValueError(f"{size} bytes were announced, and others came")
    return data


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def refusal(sentence: str) -> str:
    """SQL that fails with this sentence."""
    return f"SELECT error({quoted(REFUSED + ' '.join(sentence.split()))})"


def _spelled(value: Any) -> Fields:
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} cannot be sent to a server")


def _read(found: Fields) -> Any:
    if len(found) != 1:
        return found
    [(key, value)] = found.items()
    if key == "$time":
        return datetime.fromisoformat(value)
    if key == "$date":
        return date.fromisoformat(value)
    return base64.b64decode(value) if key == "$bytes" else found
