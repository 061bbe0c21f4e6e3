"""Bring spools to a server: what it has of each is asked, what is missing is sent, in order.

The spool stays here as long as its run, so nothing is lost while the server is away; and the server takes each byte at
its place once, so nothing is doubled when an answer was lost on its way.
"""

from pathlib import Path
from typing import NamedTuple

from assay.delivery import DELIVERY_NAME, read_note
from assay.errors import AssayError
from store.errors import StoreError
from store.loading import spool_files
from store.serve.receiving import MOST_BYTES
from store.serve.remote import RefusedError, Service
from store.serve.wire import pack

__all__ = ["Deliverer", "Destination", "check_taken", "destination_of", "destined", "spools_of"]

CHUNK_BYTES = 1 << 20

assert CHUNK_BYTES <= MOST_BYTES


def check_taken(server: str, token: str) -> None:
    """Ask whether a server takes what is recorded here. Raises UnreachableError, RefusedError."""
    _check_taken(Service(server, token))


def _check_taken(service: Service) -> None:
    said = service.hello()
    if said["kind"] != "inbox":
        raise RefusedError(f"the token {said['name']} reads runs and delivers none; recording takes one of kind inbox")


class Destination(NamedTuple):
    """Where a run is delivered."""

    server: str
    """Address of the server."""

    origin: str
    """Random word that tells the run from another of its name."""

    name: str
    """What the run is called there."""


def destination_of(folder: Path) -> Destination | None:
    """Where the run of this folder goes; None where it stays here. Raises StoreError for a damaged note."""
    try:
        note = read_note(folder)
    except AssayError as error:
        raise StoreError(str(error)) from error
    except OSError as error:
        raise _unreadable(error, folder / DELIVERY_NAME) from error
    return Destination(note["server"], note["origin"], note.get("as", folder.name)) if note else None


def destined(root: Path) -> list[Path]:
    """Folders of all runs below `root` that go to a server, by name."""
    found = {path.parent for path in root.glob(f"*/{DELIVERY_NAME}")}
    return sorted(folder for folder in found if not folder.name.startswith("."))


def spools_of(folder: Path) -> list[Path]:
    """The spools of a run's folder, in the order they are delivered in."""
    return [path for path in spool_files(folder.parent) if path.parent.parent == folder]


class Deliverer:
    """Delivers one run."""

    def __init__(self, folder: Path, destination: Destination, service: Service) -> None:
        """Nothing is sent yet."""
        self._folder, self._to, self._service = folder, destination, service
        self._is_asked = False
        self.known: dict[str, int] = {}
        """How far the server has come with each spool, in bytes, by what it said last."""
        self.sent = 0
        """Bytes of spools sent so far."""

    def deliver(self) -> int:
        """Send all there is by now; returns the bytes that were missing.

        Raises UnreachableError, StoreError for a spool that cannot be read, and RefusedError: what the server says
        against one spool is raised once the others are sent.
        """
        before = self.sent
        try:
            spools = spools_of(self._folder)
            if spools and not self._is_asked:
                self.known, self._is_asked = self.ask(), True
            refused = [error for path in spools if (error := self._tried(path)) is not None]
            if refused:
                raise refused[0]
        except StoreError:
            # How far the server has come is asked again: it may be another one since.
            self._is_asked = False
            raise
        return self.sent - before

    def ask(self) -> dict[str, int]:
        """Ask how far the server has come with each spool, in bytes; nothing is sent or made.

        Raises UnreachableError, RefusedError.
        """
        _check_taken(self._service)
        said = self._service.told("offsets", {"run": self._to.name, "origin": self._to.origin})
        return dict(said["offsets"])

    def _tried(self, path: Path) -> RefusedError | None:
        """Send a spool; returns what the server says against it."""
        try:
            self._send(path)
        except RefusedError as error:
            return error
        except OSError as error:
            raise _unreadable(error, path) from error
        return None

    def _send(self, path: Path) -> None:
        start = self.known.get(path.name, 0)
        if path.stat().st_size <= start:
            return
        with path.open("rb") as file:
            while True:
                file.seek(start)
                data = file.read(CHUNK_BYTES)
                if not data:
                    return
                reached = self._put(path.name, start, data)
                if reached == start:
                    raise RefusedError(f"{self._to.server} does not take what follows byte {start} of {path.name}")
                self.sent += max(0, reached - start)
                start = self.known[path.name] = reached

    def _put(self, file: str, start: int, data: bytes) -> int:
        fields = {
            "run": self._to.name, "origin": self._to.origin, "file": file, "from": start, "to": start + len(data),
        }  # fmt: skip
        reached = self._service.told("deliver", fields, pack(data))["offset"]
        if not isinstance(reached, int) or reached < 0:
            raise RefusedError(f"{self._to.server} answers with {reached!r} where an offset belongs")
        return reached


def _unreadable(error: OSError, path: Path) -> StoreError:
    # A disk that fails while a file is read does not say which one.
    return StoreError(f"cannot read {error.filename or path}: {error.strerror}; mend that, and try again")
