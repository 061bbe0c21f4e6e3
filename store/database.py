"""Reads and transactions: attach, work, detach. Nobody keeps the file open.

    store = Store.at(locate_store().database)
    table = store.read("SELECT name, status FROM run WHERE project = $project", {"project": "triage"})
    store.transact([Statement("UPDATE run SET starred = true WHERE name = $name", {"name": "demo"})])

A read costs about a millisecond, a transaction six to eight. Callers never see a connection.
"""

import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self, TypeVar

import duckdb
import pyarrow as pa

from assay.locate import server_address
from store import instance
from store.clock import utc_now
from store.errors import StoreBusyError, StoreError, StoreMissingError
from store.explain import FILE_ERRORS, explain
from store.filesystem import refuse_place
from store.gate import Gate
from store.lock import sidecar_lock
from store.question import LOCK_DOWN, ending_after, require_question
from store.snapshots import Snapshot, Transaction
from store.torn import Keeper, discard, left_behind, put_back
from store.version import check_version, create_schema

__all__ = ["Snapshot", "Statement", "Store", "Transaction"]

READ_TIMEOUT = 10.0
WRITE_TIMEOUT = 30.0
MEND_TIMEOUT = 1.0
QUERY_LIMIT = 20.0
"""Below what a writer waits, so that no question makes one give up."""

WRITE = "READ_WRITE, STORAGE_VERSION 'v1.5.0', ROW_GROUP_SIZE 409600"
"""How a file is attached to be written; one in an older format becomes a newer one with its first transaction.

In DuckDB's first format, its default, each transaction of a large store describes all groups of rows anew, and each
attach walks through them before the first row is read. Hence the newest format, and groups three times as large.
"""

Params = Mapping[str, Any]
T = TypeVar("T")


class Statement(NamedTuple):
    """One statement of a transaction."""

    sql: str
    """SQL with named parameters (`$name`)."""

    params: Params = MappingProxyType({})
    """Their values."""


class Store:
    """One store file. Instances of the same file share their gate; get them with `Store.at`."""

    _known: dict[Path, "Store"] = {}  # noqa: RUF012 - the registry that makes instances unique
    _known_lock = threading.Lock()

    def __init__(self, database: Path) -> None:
        """Use `Store.at`, so that two users of a file in a process share its gate."""
        self.path = database
        """The database file."""
        self.delivers_to = ""
        """Address of the server that what is recorded here goes to; empty where it stays here."""
        self._generation = 0
        self._alias = f"store_{id(self)}"
        self._mended: tuple[int, ...] | None = None
        self._unused()

    def _unused(self) -> None:
        self._gate = Gate()
        self._attach_lock = threading.Lock()
        self._attached = 0

    @classmethod
    def after_fork(cls) -> None:
        """Begin anew in a forked child: threads that were inside are the parent's, and never leave."""
        cls._known_lock = threading.Lock()
        for store in cls._known.values():
            store._unused()  # noqa: SLF001 - one of its own class

    @classmethod
    def at(cls, database: str | os.PathLike[str]) -> Self:
        """The store of a database file, which need not exist, or of a server's address. Raises StoreError
        where a file cannot be one (`refuse_place`), and where there is no token for a server.
        """
        if address := server_address(database):
            return cls._at_server(address)
        path = Path(database).resolve()
        with cls._known_lock:
            if path not in cls._known:
                refuse_place(path)
                cls._known[path] = cls(path)
            return cls._known[path]  # pyright: ignore[reportReturnType] - the registry holds this class's instances

    @classmethod
    def _at_server(cls, address: str) -> Self:
        from store.serve.remote import RemoteStore, find_token  # noqa: PLC0415 - it is a store, and seldom needed

        token = find_token()
        with cls._known_lock:
            known = cls._known.get(Path(address))
            if not isinstance(known, RemoteStore) or known.token != token:
                known = cls._known[Path(address)] = RemoteStore(address, token)
            return known  # pyright: ignore[reportReturnType] - one of this class's children

    @property
    def root(self) -> Path:
        """The folder with one folder a run. Raises StoreError where it lies on a server."""
        return self.path.parent

    @property
    def shown(self) -> str:
        """What people call it: the file, or the address of the server that has it."""
        return str(self.path)

    @property
    def is_served(self) -> bool:
        """Whether a server has it: then it can only be read, and only what runs recorded."""
        return False

    @property
    def exists(self) -> bool:
        """Whether there is a database file."""
        return self.path.exists()

    def create(self, *, demo: bool = False) -> None:
        """Make the file with an empty schema unless it exists. Raises StoreError."""
        if self.exists:
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make {self.root}: {error.strerror}; name another store with --store") from error
        with self.exclusive():
            if not self.exists:
                self.put_log_aside()
                self._create(demo=demo)

    def put_log_aside(self) -> None:
        """Move away the log of a file that is gone, or the next file of its name would replay it; for
        use inside `exclusive`.
        """
        log = Path(f"{self.path}.wal")
        if log.exists():
            log.rename(f"{log}.orphan-{utc_now():%Y%m%dT%H%M%SZ}")
        discard(self.path)

    def _create(self, *, demo: bool) -> None:
        # Under another name until it is whole: a file of the right name always has its schema.
        unfinished = self.path.with_name(f".{self.path.name}.unfinished")
        unfinished.unlink(missing_ok=True)
        self._attach(WRITE, WRITE_TIMEOUT, check=False, place=unfinished)
        try:
            with instance.cursor() as cursor:
                cursor.execute(f"USE {self._alias}")
                # In one transaction: each of some hundred statements would be written through to the disk alone.
                cursor.execute("BEGIN")
                create_schema(cursor.execute, demo=demo)
                cursor.execute("COMMIT")
        finally:
            self._detach()
        unfinished.rename(self.path)

    def read(self, sql: str, params: Params | None = None, *, timeout: float = READ_TIMEOUT) -> pa.Table:
        """Run one query and return its rows. Raises StoreError, duckdb.Error for wrong SQL."""
        return self.snapshot(lambda snapshot: snapshot.read(sql, params), timeout=timeout)

    def rows(self, sql: str, params: Params | None = None) -> list[dict[str, Any]]:
        """`read` as a list of dictionaries, for few rows."""
        return self.snapshot(lambda snapshot: snapshot.rows(sql, params))

    def snapshot(self, work: Callable[[Snapshot], T], *, timeout: float = READ_TIMEOUT) -> T:
        """Run several reads in one attach. Raises StoreError."""
        with self._reading(timeout) as cursor:
            return work(Snapshot(cursor))

    def transact(self, statements: Iterable[Statement], *, timeout: float = WRITE_TIMEOUT) -> None:
        """Run statements in one transaction: all of them or none. Raises StoreError."""

        def run_all(transaction: Transaction) -> None:
            for statement in statements:
                transaction.execute(statement.sql, statement.params)

        self.transaction(run_all, timeout=timeout)

    def transaction(self, work: Callable[[Transaction], T], *, timeout: float = WRITE_TIMEOUT) -> T:
        """Run `work` in one exclusive transaction: what it checks still holds when it writes.

        An exception in `work` rolls everything back and is passed on. Raises StoreError.
        """
        with self._writing(timeout) as transaction:
            return work(transaction)

    def maintenance(self, work: Callable[[Transaction], T], *, timeout: float = WRITE_TIMEOUT) -> T:
        """`transaction` on a store of any version, for migrations. Raises StoreError."""
        self._require_file()
        with self._writing(timeout, check=False) as transaction:
            return work(transaction)

    def query(self, sql: str, *, timeout: float = READ_TIMEOUT, limit: float = QUERY_LIMIT) -> pa.Table:
        """Run anyone's SQL: it can read this store, and no file or setting besides.

        Raises StoreError, also for SQL that is no single question, cannot be run, or takes longer
        than `limit` seconds, in which nobody can write. The settings cannot be taken back, so the
        process's instance is thrown away afterwards.
        """
        self._require_file()
        require_question(sql)
        self._mend_before_reading(timeout)
        with self._gate.writing(timeout), self._shared_lock(timeout):
            self._attach("READ_ONLY", timeout, check=True)
            try:
                with instance.cursor() as cursor:
                    cursor.execute(f"USE {self._alias}")
                    cursor.execute(LOCK_DOWN)
                    with ending_after(limit, cursor.interrupt):
                        return cursor.execute(sql).to_arrow_table()
            except duckdb.InterruptException as error:
                raise StoreError(
                    f"the query took longer than {limit:g} s, in which nobody can write; "
                    "run it on a copy (assay db export)"
                ) from error
            except duckdb.Error as error:
                said = str(error).splitlines()[0].replace(self._alias, self.path.name)
                raise StoreError(f"the query cannot be run: {said}") from error
            finally:
                instance.discard()

    @contextmanager
    def exclusive(self, timeout: float = WRITE_TIMEOUT) -> Generator[None]:
        """Keep everyone out while the file itself is replaced, copied or removed."""
        with self._gate.writing(timeout), self._exclusive_lock(timeout):
            self._mend()
            yield

    @contextmanager
    def _exclusive_lock(self, timeout: float) -> Generator[None]:
        with ExitStack() as held:
            try:
                held.enter_context(sidecar_lock(self.path, exclusive=True, timeout=timeout))
            except OSError as error:
                raise StoreError(f"cannot write in {self.root}: {error.strerror}; name another with --store") from error
            yield

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except FILE_ERRORS as error:
            raise explain(error, self.path) from error

    @contextmanager
    def _reading(self, timeout: float) -> Generator[duckdb.DuckDBPyConnection]:
        self._require_file()
        self._mend_before_reading(timeout)
        with (
            self._gate.reading(timeout),
            self._shared_lock(timeout),
            self._shared_attach(timeout),
            instance.cursor() as cursor,
        ):
            cursor.execute(f"USE {self._alias}")
            with self._explained():
                yield cursor

    @contextmanager
    def _writing(self, timeout: float, *, check: bool = True) -> Generator[Transaction]:
        if check:
            self._require_file()
        with self.exclusive(timeout):
            self._require_file()
            yield from self._attached_writing(timeout, check=check)

    def _attached_writing(self, timeout: float, *, check: bool) -> Iterator[Transaction]:
        with Keeper(self.path) as keeper:
            self._attach(WRITE, timeout, check=check)
            try:
                with instance.cursor() as cursor, self._explained():
                    keeper.keep(cursor, self._alias)
                    cursor.execute(f"USE {self._alias}")
                    yield from _transaction(cursor, self)
            finally:
                self._detach()
                keeper.let_go()

    def _mend(self) -> None:
        """Undo what a writer that died has left half-written; while no other one is at work."""
        found = left_behind(self.path)
        if found is not None:
            with suppress(OSError):
                put_back(self.path)
                self._mended = found

    def _mend_before_reading(self, timeout: float) -> None:
        if left_behind(self.path) in (None, self._mended):
            return
        with self._gate.reading(timeout), self._shared_lock(timeout):
            # Now no writer of ours is at work: what is still there a dead one has left.
            is_left = left_behind(self.path) not in (None, self._mended)
        if is_left:
            # Where it cannot be written, or another one reads for long, the file is read as it is.
            with suppress(StoreError), self.exclusive(min(timeout, MEND_TIMEOUT)):
                pass

    @contextmanager
    def _shared_lock(self, timeout: float) -> Generator[None]:
        with ExitStack() as held:
            # A folder that cannot be written has no writers to keep out; DuckDB's own lock remains.
            with suppress(OSError):
                held.enter_context(sidecar_lock(self.path, exclusive=False, timeout=timeout))
            yield

    @contextmanager
    def _shared_attach(self, timeout: float) -> Generator[None]:
        with self._attach_lock:
            if self._attached == 0 or self._generation != instance.generation():
                self._attach("READ_ONLY", timeout, check=True)
                self._generation = instance.generation()
            self._attached += 1
        try:
            yield
        finally:
            with self._attach_lock:
                self._attached -= 1
                if self._attached == 0:
                    self._detach()

    def _attach(self, mode: str, timeout: float, *, check: bool, place: Path | None = None) -> None:
        file = str(place or self.path).replace("'", "''")
        deadline = time.monotonic() + timeout
        if place is None:
            # Again, now that the lock is held: attaching would make an empty file.
            self._require_file()
        self._held = instance.hold()
        try:
            self._attach_now(file, mode, deadline, check=check)
        except BaseException:
            # Whatever it was, Ctrl-C too: were it attached still, nobody could attach it again.
            self._detach()
            raise

    def _attach_now(self, file: str, mode: str, deadline: float, *, check: bool) -> None:
        with instance.cursor() as cursor:
            while not self._try_attach(cursor, f"ATTACH '{file}' AS {self._alias} ({mode})", deadline):
                time.sleep(0.02)
            if check:
                check_version(cursor, self._alias, self.path)

    def _try_attach(self, cursor: duckdb.DuckDBPyConnection, sql: str, deadline: float) -> bool:
        try:
            cursor.execute(sql)
        except duckdb.Error as error:
            explained = explain(error, self.path)
            if not isinstance(explained, StoreBusyError) or time.monotonic() > deadline:
                raise explained from error
            return False
        return True

    def _detach(self) -> None:
        try:
            with instance.cursor() as cursor:
                cursor.execute(f"DETACH DATABASE IF EXISTS {self._alias}")
        except BaseException as error:
            # A checkpoint that finds no room fails here and leaves the file attached, as Ctrl-C may; the log
            # beside it holds what was committed, so a fresh instance loses nothing.
            instance.discard()
            if isinstance(error, duckdb.Error):
                raise explain(error, self.path) from error
            raise
        instance.let_go(self._held)

    def _require_file(self) -> None:
        if not self.exists:
            raise StoreMissingError(f"there is no store at {self.path}; record a run, or name another with --store")


def _transaction(cursor: duckdb.DuckDBPyConnection, store: Store) -> Iterator[Transaction]:
    cursor.execute("BEGIN")
    try:
        yield Transaction(cursor, store)
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=Store.after_fork)
