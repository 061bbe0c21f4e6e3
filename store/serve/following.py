"""Follow a run while it is recorded: what is written is delivered, and what a server refuses is told at once.

Where it goes is read again at each pass, as is the token: `assay deliver RUN --as NAME` beside it, or a new token in
the file, is followed.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from store.errors import StoreError
from store.serve.delivering import Deliverer, Destination, destination_of
from store.serve.remote import Service, UnreachableError, find_token

__all__ = ["Follower"]

POLL_SECONDS = 0.5

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between two tries to reach a server that does not answer."""

REFUSED_PAUSE = 30.0
"""Seconds until a server that said no is asked again: the name may be free, the token known again."""

LAST_PATIENCE = 60.0
"""Seconds that a server may be away at a run's end."""


class _Aim(NamedTuple):
    """What a pass was tried with."""

    destination: Destination
    token: str


class Follower:
    """Delivers one run as long as it is recorded."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        """Nothing is sent yet; `tell` is called with each sentence that a person should read, once."""
        self._folder, self._tell = folder, tell
        self._aim: _Aim | None = None
        self._tried: _Aim | str = ""
        self._deliverer: Deliverer | None = None
        self._refusal: str | None = None

    def follow(self, ended: threading.Event) -> None:
        """Deliver until the run has ended, then the rest. Raises UnreachableError where the server is away at the end,
        StoreError where it then says no; what waits is delivered another time.
        """
        tries = 0
        while not ended.is_set():
            try:
                is_taken = self._deliver()
            except UnreachableError:
                ended.wait(PAUSES[min(tries, len(PAUSES) - 1)])
                tries += 1
                continue
            except StoreError as error:
                self._say_refused(str(error))
                self._wait_refused(ended)
            else:
                if is_taken:
                    self._say_taken()
                ended.wait(POLL_SECONDS)
            tries = 0
        self._deliver_last()

    def _deliver(self) -> bool:
        """Whether all there is has been taken; where the run was removed here there is nothing to take."""
        if not self._folder.is_dir():
            # Its recorder may make it anew, so what becomes of it is still looked at.
            return False
        try:
            self._tried = aim = self._aimed()
        except StoreError as error:
            self._tried = str(error)
            raise
        if self._deliverer is None or aim != self._aim:
            service = Service(aim.destination.server, aim.token)
            self._aim, self._deliverer = aim, Deliverer(self._folder, aim.destination, service)
        self._deliverer.deliver()
        return True

    def _aimed(self) -> _Aim:
        destination = destination_of(self._folder)
        if destination is None:
            raise StoreError(f"nothing says where the run in {self._folder} goes; name the server with --to")
        return _Aim(destination, find_token())

    def _say_refused(self, sentence: str) -> None:
        if sentence != self._refusal:
            self._refusal = sentence
            self._tell(f"run {self._folder.name} is not delivered: {sentence}")

    def _say_taken(self) -> None:
        if self._refusal is not None:
            self._refusal = None
            self._tell(f"run {self._folder.name} is delivered again")

    def _wait_refused(self, ended: threading.Event) -> None:
        """Until it is worth asking again; at once where the note or the token is another than what was refused."""
        deadline = time.monotonic() + REFUSED_PAUSE
        while time.monotonic() < deadline and not ended.wait(POLL_SECONDS) and self._seen() == self._tried:
            pass

    def _seen(self) -> _Aim | str:
        try:
            return self._aimed()
        except StoreError as error:
            return str(error)

    def _deliver_last(self) -> None:
        deadline = time.monotonic() + LAST_PATIENCE
        while True:
            try:
                self._deliver()
                return
            except UnreachableError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(PAUSES[0])
