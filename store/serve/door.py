"""Who may do what on a served store: DuckDB asks here before it runs anything that came over the wire.

The instance that is served holds nothing but answers. A text that arrives is never run as it came: it is read here,
done in Python, and what DuckDB runs in its place is a SELECT of the answer. So whatever a text says, it can drop, write
or read nothing of this machine (docs/design/0026-a-store-for-a-team.md).
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa

from assay.spool import FORMAT
from assay.version import VERSION
from store.clock import utc_now
from store.database import Store
from store.errors import StoreError
from store.serve.reading import Questions
from store.serve.receiving import MOST_BYTES, Delivery, Receiver
from store.serve.tokens import Token, Tokens
from store.serve.wire import PROTOCOL, Message, parse, quoted, refusal, unpack
from store.version import schema_version

__all__ = ["CLOCKS_DIFFER", "Counts", "Door"]

MOST_SESSIONS = 4096
"""Connections remembered; each of ours asks once."""

CLOCKS_DIFFER = 300.0
"""Seconds: a run whose clock is further off would look lost, or be shown at times that never were."""

Keep: TypeAlias = Callable[[pa.Table], str]


class Counts(NamedTuple):
    """What happened so far."""

    deliveries: int = 0
    """Messages that brought lines."""

    bytes: int = 0
    """Bytes of spools they brought."""

    questions: int = 0
    """Questions answered."""

    refused: int = 0
    """Tokens and messages that were refused."""


class Door:
    """Answers what arrives; called by many threads."""

    def __init__(self, store: Store, keep: Keep) -> None:
        """`keep` puts an answer's rows where DuckDB reads them, and returns the table's name."""
        self._tokens = Tokens(store)
        self._questions, self._receiver, self._keep = Questions(store), Receiver(store), keep
        self._sessions: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self.counts = Counts()
        """What happened so far."""

    def let_in(self, session: str, token: str, _: str) -> bool:
        """Whether a token opens a session: DuckDB's function of authentication."""
        try:
            found = self._tokens.find(token)
        except StoreError:
            found = None
        if found is None:
            self._count(refused=1)
            return False
        with self._lock:
            self._sessions[session] = found.sha256
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return True

    def answer(self, session: str, text: str) -> str | None:
        """What DuckDB is to run in place of a text, None for nothing: DuckDB's function of authorization."""
        # Rows that a client appends to a table: DuckDB would put them in whatever it is given in return.
        if text.lstrip()[:6].casefold() == "insert":
            self._count(refused=1)
            return None
        try:
            return self._done(self._whose(session), parse(text))
        except StoreError as error:
            self._count(refused=1)
            return refusal(str(error))
        except (ValueError, TypeError, LookupError) as error:
            self._count(refused=1)
            return refusal(f"a message that cannot be read ({error}); install the same version of Assay here and there")

    def _whose(self, session: str) -> Token:
        with self._lock:
            digest = self._sessions.get(session, "")
        token = self._tokens.known(digest)
        if token is None:
            raise StoreError("the token was taken back; ask whoever runs the server for another")
        return token

    def _done(self, token: Token, message: Message) -> str:
        if message.verb == "hello":
            return _told(self._hello(token, message))
        if message.protocol != PROTOCOL:
            raise StoreError(_other("protocol is", PROTOCOL, message.protocol))
        if message.verb == "ask":
            _require(token, "read")
            rows = self._questions.answer(message.body, message.fields)
            self._count(questions=1)
            return f"SELECT * FROM {self._keep(rows)}"
        _require(token, "inbox")
        return _told(self._delivered(token, message))

    def _hello(self, token: Token, message: Message) -> dict[str, Any]:
        fields = message.fields
        if message.protocol != PROTOCOL:
            raise StoreError(_other("protocol is", PROTOCOL, message.protocol))
        if token.kind == "read" and fields["schema"] != schema_version():
            raise StoreError(_other("store has schema", schema_version(), fields["schema"]))
        if token.kind == "inbox" and fields["format"] > FORMAT:
            raise StoreError(_other("spools have format", FORMAT, fields["format"]))
        _require_clock(fields["time"])
        return {"version": VERSION, "name": token.name, "kind": token.kind}

    def _delivered(self, token: Token, message: Message) -> dict[str, Any]:
        fields = message.fields
        if message.verb == "offsets":
            return {"offsets": self._receiver.offsets(token.name, fields["run"], fields["origin"])}
        if message.verb != "deliver":
            raise StoreError(f"{message.verb!r} is nothing this server does")
        start, end = int(fields["from"]), int(fields["to"])
        if not 0 <= start < end <= start + MOST_BYTES:
            raise StoreError(f"a delivery from byte {start} to {end} is none; {MOST_BYTES} bytes are the most")
        delivery = Delivery(fields["run"], fields["origin"], fields["file"], start)
        reached = self._receiver.take(token.name, delivery, unpack(message.body, end - start))
        self._count(deliveries=1, bytes=end - start)
        return {"offset": reached}

    def _count(self, **more: int) -> None:
        with self._lock:
            self.counts = self.counts._replace(**{name: getattr(self.counts, name) + n for name, n in more.items()})


def _require(token: Token, kind: str) -> None:
    if token.kind != kind:
        does = {"read": "reads runs and delivers none", "inbox": "delivers runs and reads none"}[token.kind]
        raise StoreError(f"the token {token.name} {does}; this takes one of kind {kind}")


def _require_clock(there: datetime) -> None:
    behind = (utc_now() - there).total_seconds()
    if abs(behind) > CLOCKS_DIFFER:
        raise StoreError(
            f"the clock of this machine is {abs(behind) / 60:.0f} min {'behind' if behind > 0 else 'ahead of'} the "
            "server's; set it right and try again: nothing was sent, and what is recorded waits here"
        )


def _other(what: str, ours: int, theirs: int) -> str:
    return (
        f"the server's {what} {ours} (Assay {VERSION}), this program's {theirs}; install the same version of Assay "
        "here and there"
    )


def _told(said: dict[str, Any]) -> str:
    return f"SELECT {quoted(json.dumps(said))} AS answer"
