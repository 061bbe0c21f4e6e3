"""Bring spools to a server: what it has of each is asked, what is missing is sent, in order.

The spool stays here as long as its run, so nothing is lost while the server is away; and the server takes each byte at
its place once, so nothing is doubled when an answer was lost on its way.
"""

import json
import threading
import time
from pathlib import Path
from typing import NamedTuple

from assay.delivery import DELIVERY_NAME, send_to
from store.errors import StoreError
from store.loading import spool_files
from store.serve.receiving import MOST_BYTES
from store.serve.remote import RefusedError, Service, UnreachableError
from store.serve.wire import pack

__all__ = ["Deliverer", "Destination", "check_taken", "destination_of", "destined", "rename"]

POLL_SECONDS = 0.5
CHUNK_BYTES = 1 << 20
PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between two tries to reach a server that does not answer."""

REFUSED_PAUSE = 30.0
"""Seconds until a server that said no is asked again: the token may be a new one, the name free."""

LAST_PATIENCE = 60.0
"""Seconds that a server may be away at a run's end."""

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
    place = folder / DELIVERY_NAME
    try:
        note = json.loads(place.read_text(encoding="utf-8"))
        return Destination(note["server"], note["origin"], note.get("as", folder.name))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreError(f"cannot read {place} ({error}); remove it, and name the server with --to") from error


def destined(root: Path) -> list[Path]:
    """Folders of all runs below `root` that go to a server, by name."""
    found = {path.parent for path in root.glob(f"*/{DELIVERY_NAME}")}
    return sorted(folder for folder in found if not folder.name.startswith("."))


def rename(folder: Path, server: str, name: str | None) -> None:
    """Note where a run goes, and under which name; None leaves that as it is. Raises OSError."""
    send_to(folder, server)
    if name is not None:
        place = folder / DELIVERY_NAME
        note = json.loads(place.read_text(encoding="utf-8"))
        place.write_text(json.dumps({**note, "as": name}) + "\n", encoding="utf-8")


class Deliverer:
    """Delivers one run."""

    def __init__(self, folder: Path, destination: Destination, service: Service) -> None:
        """Nothing is sent yet."""
        self._folder, self._to, self._service = folder, destination, service
        self._offsets: dict[str, int] | None = None
        self.sent = 0
        """Bytes of spools sent so far."""

    def deliver(self) -> int:
        """Send all there is by now; returns the bytes that were missing. Raises UnreachableError, RefusedError."""
        before = self.sent
        try:
            for path in self._spools():
                self._send(path)
        except StoreError:
            # How far the server has come is asked again: it may be another one since.
            self._offsets = None
            raise
        return self.sent - before

    def waiting(self) -> int:
        """Bytes that the server is not known to have."""
        known = self._offsets or {}
        return sum(max(0, path.stat().st_size - known.get(path.name, 0)) for path in self._spools())

    def follow(self, ended: threading.Event) -> None:
        """Deliver as long as the run is recorded, then the rest. Raises UnreachableError where the server is away at
        the end, RefusedError where it then says no; what waits is delivered another time.
        """
        tries = 0
        while not ended.is_set():
            try:
                self.deliver()
                tries = 0
                pause = POLL_SECONDS
            except UnreachableError:
                pause = PAUSES[min(tries, len(PAUSES) - 1)]
                tries += 1
            except RefusedError:
                pause = REFUSED_PAUSE
            ended.wait(pause)
        self._deliver_last()

    def _deliver_last(self) -> None:
        deadline = time.monotonic() + LAST_PATIENCE
        while True:
            try:
                self.deliver()
                return
            except UnreachableError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(PAUSES[0])

    def _spools(self) -> list[Path]:
        return [path for path in spool_files(self._folder.parent) if path.parent.parent == self._folder]

    def _send(self, path: Path) -> None:
        if self._offsets is None:
            _check_taken(self._service)
            said = self._service.told("offsets", {"run": self._to.name, "origin": self._to.origin})
            self._offsets = dict(said["offsets"])
        start = self._offsets.get(path.name, 0)
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
                start = self._offsets[path.name] = reached

    def _put(self, file: str, start: int, data: bytes) -> int:
        fields = {
            "run": self._to.name, "origin": self._to.origin, "file": file, "from": start, "to": start + len(data),
        }  # fmt: skip
        reached = self._service.told("deliver", fields, pack(data))["offset"]
        if not isinstance(reached, int) or reached < 0:
            raise RefusedError(f"{self._to.server} answers with {reached!r} where an offset belongs")
        return reached
