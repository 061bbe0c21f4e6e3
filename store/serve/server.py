"""Serve a store: an instance of DuckDB that speaks the protocol and holds answers only, with our door before it.

The store itself is read and written by the process's other instance, attached for milliseconds as everywhere, so
commands and a dashboard on the same machine go on as ever.
"""

import secrets
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, Self, cast

import duckdb
import portalocker
import pyarrow as pa
from portalocker import LockFlags

from store.database import Store
from store.errors import StoreBusyError, StoreError
from store.heap import few_arenas, give_back_memory
from store.loading import Loader
from store.question import LOCK_DOWN
from store.serve.door import Counts, Door
from store.serve.extension import quack_instance

__all__ = ["LOOPBACK", "Server"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")

KEPT_SECONDS = 5.0
"""How long an answer waits for the connection that asked, which comes at once."""

SWEEP_SECONDS = 1.0

MOST_MEMORY = "1GiB"
"""Of all answers that wait."""


class Server:
    """A served store."""

    def __init__(self, store: Store) -> None:
        """Nothing is opened yet."""
        self._store = store
        self._answers = _Answers()
        self._door = Door(store, self._answers.keep)
        self._loader = Loader(store)
        self._alone = _Alone(store)
        self._is_loading = False
        self._uri = ""

    @property
    def counts(self) -> Counts:
        """What happened so far."""
        return self._door.counts

    @property
    def problem(self) -> str | None:
        """Why what arrived is not loaded, in one sentence; None where it is."""
        return self._loader.error

    def start(self, host: str, port: int) -> int:
        """Listen on a loopback address, and load what arrives; returns the port, a free one for 0.

        Raises StoreError where the address cannot be had, or the store cannot be used.
        """
        few_arenas()
        self._store.create()
        self._store.read("SELECT 1")
        self._alone.acquire()
        port = port or _free_port(host)
        _require_free(host, port)
        self._uri = f"quack:{_bracketed(host)}:{port}"
        self._answers.open(self._door, self._uri)
        self._loader.start()
        self._is_loading = True
        return port

    def stop(self) -> None:
        """Stop listening, then load what has arrived."""
        self._answers.close(self._uri)
        if self._is_loading:
            self._loader.stop()
        self._alone.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Alone:
    """One server a store: two would each take a delivery for the next one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        flags = LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING
        self._lock = portalocker.Lock(f"{store.path}.serving", "a", timeout=0, flags=flags)

    def acquire(self) -> None:
        """Be the one. Raises StoreBusyError where another process is."""
        try:
            self._lock.acquire()
        except portalocker.LockException as error:
            raise StoreBusyError(f"another process serves {self._store.path}; end that one first") from error
        except OSError as error:
            raise StoreError(f"cannot write in {self._store.root}: {error.strerror}; serve another store") from error

    def release(self) -> None:
        """Let another one be it."""
        self._lock.release()


class _Answers:
    """The instance that is served: a table an answer, each dropped when it has waited long enough."""

    def __init__(self) -> None:
        self._instance = quack_instance()
        self._kept: deque[tuple[float, str]] = deque()
        self._ending = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="assay-answers", daemon=True)

    def open(self, door: Door, uri: str) -> None:
        """Listen, with our functions before DuckDB."""
        served = self._instance
        create = cast("Any", served).create_function
        for name, function, count, kind in (
            ("assay_let_in", door.let_in, 3, "BOOLEAN"),
            ("assay_answer", door.answer, 2, "VARCHAR"),
        ):
            create(name, function, ["VARCHAR"] * count, kind, side_effects=True, null_handling="special")
        # Before it listens: by itself it would run whatever comes with the right token.
        served.execute("SET GLOBAL quack_authentication_function = 'assay_let_in'")
        served.execute("SET GLOBAL quack_authorization_function = 'assay_answer'")
        served.execute(f"SET GLOBAL memory_limit = '{MOST_MEMORY}'")
        served.execute(LOCK_DOWN)
        try:
            served.execute("CALL quack_serve($uri, token := $token, disable_ssl := true)", {
                "uri": uri, "token": secrets.token_urlsafe(32),
            })  # fmt: skip
        except duckdb.Error as error:
            raise StoreError(f"cannot listen on {uri}: {str(error).splitlines()[0]}; choose another --port") from error

        self._sweeper.start()

    def keep(self, rows: pa.Table) -> str:
        """Put rows where the connection that asked finds them; returns the table's name. Raises StoreError."""
        name = f"answer_{secrets.token_hex(12)}"
        try:
            with self._instance.cursor() as cursor:
                cursor.register("incoming_rows", rows)
                cursor.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming_rows")
        except duckdb.OutOfMemoryException as error:
            raise StoreError("the server holds too many large answers now; ask again, or for less at a time") from error
        self._kept.append((time.monotonic(), name))
        return name

    def _sweep(self) -> None:
        while not self._ending.wait(SWEEP_SECONDS):
            before = time.monotonic() - KEPT_SECONDS
            old = 0
            with self._instance.cursor() as cursor:
                while self._kept and self._kept[0][0] < before:
                    cursor.execute(f"DROP TABLE IF EXISTS {self._kept.popleft()[1]}")
                    old += 1
            if old:
                give_back_memory()

    def close(self, uri: str) -> None:
        """Stop listening."""
        self._ending.set()
        if self._sweeper.is_alive():
            self._sweeper.join()
        if uri:
            with suppress(duckdb.Error):
                self._instance.execute("CALL quack_stop($uri)", {"uri": uri})
        self._instance.close()


def _free_port(host: str) -> int:
    with socket.create_server((host, 0), family=_family(host)) as found:
        return found.getsockname()[1]


def _require_free(host: str, port: int) -> None:
    # DuckDB's server would share the port with another one, and each would get some of the connections. Whether it can
    # be bound says nothing: connections of a server that was killed a moment ago linger there.
    with suppress(OSError), socket.create_connection((host, port), 1):
        raise StoreError(
            f"cannot listen on {host}:{port}, something does already; choose another with --port, or --port 0 for any "
            "free one"
        )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
