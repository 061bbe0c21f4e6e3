"""The other end: a store on a server, read with SQL that is sent there; nothing is attached, nothing copied.

    store = Store.at("quack://127.0.0.1:9494")
    store.read("SELECT name FROM run")

The token is in the variable ASSAY_TOKEN, or alone in a file of yours that ASSAY_TOKEN_FILE names.
"""

import json
import os
import stat
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import duckdb
import pyarrow as pa

from assay.spool import FORMAT
from store.clock import utc_now
from store.database import QUERY_LIMIT, READ_TIMEOUT, WRITE_TIMEOUT, Snapshot, Store, Transaction
from store.errors import NotServedError, StoreError
from store.serve.extension import quack_instance
from store.serve.wire import NOT_GIVEN, REFUSED, write
from store.version import schema_version

__all__ = ["RefusedError", "RemoteStore", "Service", "UnreachableError", "find_token"]

T = TypeVar("T")

_UNREACHABLE = ("Could not connect", "Timeout", "timed out", "Failed to read", "Connection", "Server returned nothing")

_LOCAL = ("localhost", "127.0.0.1", "[::1]")


class UnreachableError(StoreError):
    """The server does not answer now."""


class RefusedError(StoreError):
    """The server answers, and says no."""


class Service:
    """A server, asked with one token; safe to use from many threads."""

    _instance: duckdb.DuckDBPyConnection | None = None
    _opening = threading.Lock()

    def __init__(self, address: str, token: str) -> None:
        """Nothing is sent yet."""
        self.address = address
        """Where it is, `quack://host:port`."""
        self._token = token
        host = address.removeprefix("quack://").rpartition(":")[0]
        # A proxy with TLS on this machine, as beside the server itself, is named so.
        self._plain = host in _LOCAL and os.environ.get("ASSAY_TLS") != "1"

    def hello(self) -> dict[str, Any]:
        """Ask whether both ends understand each other; `kind` and `name` are those of the token.

        Raises UnreachableError, RefusedError.
        """
        return self.told("hello", {"schema": schema_version(), "format": FORMAT, "time": utc_now()})

    def told(self, verb: str, fields: Mapping[str, Any], body: str = "") -> dict[str, Any]:
        """Send a message whose answer is an object. Raises UnreachableError, RefusedError."""
        rows = self.ask(write(verb, dict(fields), body)).to_pylist()
        if len(rows) != 1 or set(rows[0]) != {"answer"}:
            raise RefusedError(f"{self.address} does not answer as `assay serve` does; name another server")
        return json.loads(rows[0]["answer"])

    def ask(self, text: str) -> pa.Table:
        """Send a text and return the rows that come back. Raises UnreachableError, RefusedError."""
        try:
            with self._cursor() as cursor:
                return cursor.execute(
                    "FROM quack_query($address, $text, token := $token, disable_ssl := $plain)",
                    {"address": self.address, "text": text, "token": self._token, "plain": self._plain},
                ).to_arrow_table()
        except duckdb.Error as error:
            raise self._explained(error) from error

    @classmethod
    def _cursor(cls) -> duckdb.DuckDBPyConnection:
        with cls._opening:
            if cls._instance is None:
                made = quack_instance()
                # Cursors have the global settings, not those of the connection they come from.
                for setting in ("enable_server_cert_verification", "enable_curl_server_cert_verification"):
                    made.execute(f"SET GLOBAL {setting} = true")
                made.execute("SET GLOBAL http_retries = 0")
                if authorities := os.environ.get("SSL_CERT_FILE"):
                    made.execute("SET GLOBAL ca_cert_file = $file", {"file": authorities})
                cls._instance = made
            return cls._instance.cursor()

    def _explained(self, error: duckdb.Error) -> StoreError:
        text = str(error)
        if REFUSED in text:
            said = text.partition(REFUSED)[2].partition("\n")[0]
            return NotServedError(said) if NOT_GIVEN in said else RefusedError(said)
        first = text.partition("\n")[0]
        if "Authentication failed" in text:
            return RefusedError(
                f"{self.address} does not know the token in ASSAY_TOKEN; ask whoever runs the server for another"
            )
        if "certificate" in text or "SSL" in text:
            return RefusedError(
                f"the certificate of {self.address} cannot be trusted; SSL_CERT_FILE names the authorities to trust"
            )
        if isinstance(error, duckdb.IOException | duckdb.HTTPException) or any(word in text for word in _UNREACHABLE):
            return UnreachableError(f"{self.address} does not answer now; see that `assay serve` runs there ({first})")
        return RefusedError(f"{self.address} does not answer as `assay serve` of this version does ({first})")


class RemoteStore(Store):
    """A store on a server: it can be read, and written only by delivering runs."""

    def __init__(self, address: str, token: str) -> None:
        """Use `Store.at` with the address. Nothing is sent before the first read."""
        super().__init__(Path(address))
        self.service = Service(address, token)
        """The server that has it."""
        self.token = token
        """What opens it."""
        self._is_greeted = False

    @property
    def root(self) -> Path:
        """Raise StoreError: there is none here."""
        raise StoreError(f"the files of runs lie on the machine that serves {self.shown}; look at them there")

    @property
    def shown(self) -> str:
        """Its address."""
        return self.service.address

    @property
    def is_served(self) -> bool:
        """True."""
        return True

    @property
    def exists(self) -> bool:
        """A server has its store."""
        return True

    def create(self, *, demo: bool = False) -> None:  # noqa: ARG002 - the store's signature
        """Nothing: the server made it. Raises StoreError where it does not answer, or refuses."""
        self._greet()

    def snapshot(self, work: Callable[[Snapshot], T], *, timeout: float = READ_TIMEOUT) -> T:  # noqa: ARG002 - the store's signature
        """Run several reads; each sees the store as it is then. Raises StoreError."""
        self._greet()
        return work(_RemoteSnapshot(self.service))

    def query(self, sql: str, *, timeout: float = READ_TIMEOUT, limit: float = QUERY_LIMIT) -> pa.Table:  # noqa: ARG002 - the store's signature
        """Run anyone's SQL, as far as the token allows. Raises StoreError."""
        return self.read(sql)

    def transaction(self, work: Callable[[Transaction], T], *, timeout: float = WRITE_TIMEOUT) -> T:  # noqa: ARG002 - the store's signature
        """Raise StoreError: nothing is changed from here."""
        self._refuse()

    def maintenance(self, work: Callable[[Transaction], T], *, timeout: float = WRITE_TIMEOUT) -> T:  # noqa: ARG002 - the store's signature
        """Raise StoreError: nothing is changed from here."""
        self._refuse()

    def _greet(self) -> None:
        if self._is_greeted:
            return
        said = self.service.hello()
        if said["kind"] != "read":
            raise RefusedError(f"the token {said['name']} delivers runs and reads none; reading takes one of kind read")
        self._is_greeted = True

    def _refuse(self) -> NoReturn:
        raise StoreError(f"{self.shown} can only be read from here; do that on the machine that runs `assay serve`")


class _RemoteSnapshot(Snapshot):
    is_served = True

    def __init__(self, service: Service) -> None:
        self._service = service

    def read(self, sql: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        return self._service.ask(write("ask", dict(params or {}), sql))

    def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        found = self.read(sql, params).to_pylist()
        return [{name: _as_here(value) for name, value in row.items()} for row in found]

    def interrupt(self) -> None:
        """The server ends what takes too long."""


def _as_here(value: Any) -> Any:
    """A sum of integers is a decimal in a table; of a store that is here it comes as an integer."""
    return int(value) if isinstance(value, Decimal) and value.as_tuple().exponent == 0 else value


def find_token() -> str:
    """The token of this process. Raises StoreError where there is none, or others could read its file."""
    token, file = os.environ.get("ASSAY_TOKEN", "").strip(), os.environ.get("ASSAY_TOKEN_FILE")
    if not token and file:
        token = _read_token(Path(file).expanduser())
    if not token:
        raise StoreError(
            "a store on a server wants a token: put it in ASSAY_TOKEN, or name a file of yours that holds it in "
            "ASSAY_TOKEN_FILE"
        )
    return token


def _read_token(file: Path) -> str:
    try:
        if os.name != "nt" and stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise StoreError(f"others can read the token in {file}; chmod 600 {file}")
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read the token in {file} ({error}); name another file in ASSAY_TOKEN_FILE") from error
