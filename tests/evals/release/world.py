"""What tests of releases share: stores that are signed, released, released twice; and keys that a verifier has."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.errors import AssayError
from evals.gate.approvals import approve
from evals.gate.looking import look
from evals.release.making import make
from evals.release.verifying import verify_release
from store.database import Store
from store.keys import public_pem, register_key, server_key
from tests.evals.gate.passing import COMMAND, Passing, copied, next_candidate, sign

__all__ = ["World", "refused", "release", "signed", "sql", "twice", "world_of"]


class World(NamedTuple):
    """A store, and what belongs to it."""

    made: Passing
    """The store and its people."""

    keys: Path
    """Public keys that a verifier trusts: the server's, Li's and Zhao's own."""

    li_key: Ed25519PrivateKey
    """Li's own key, by which Li has signed; Zhao signed in the browser."""

    zhao_key: Ed25519PrivateKey
    """Zhao's own key."""

    @property
    def store(self) -> Store:
        return self.made.store

    @property
    def folder(self) -> Path:
        """The folder of the candidate."""
        return self.made.folder

    def look(self, environment: str = "prod", **given):
        """What Sun, a lead, sees of the candidate."""
        return look(self.store, self.made.sun, self.made.candidate, environment=environment, **given)

    def make(self, environment: str = "prod", **given):
        """Sun releases the candidate."""
        return make(self.store, self.made.sun, self.made.candidate, environment=environment, **given)

    def verified(self):
        """What a verifier finds."""
        return verify_release(self.folder, self.keys)

    def why(self) -> str:
        """The first thing that does not hold for a verifier."""
        try:
            found = self.verified()
        except AssayError as error:
            return str(error)
        assert not found.holds, "it holds"
        return found.why


def world_of(made: Passing, folder: Path) -> World:
    """A store in which Li and Zhao have keys of their own."""
    keys = folder / "keys"
    keys.mkdir()
    mine = {name: Ed25519PrivateKey.generate() for name in ("Li", "Zhao")}
    for name, key in mine.items():
        register_key(made.store, COMMAND, name, key.public_key())
        (keys / f"{name.lower()}.pub").write_text(public_pem(key.public_key()))
    (keys / "server.pub").write_text(public_pem(server_key(made.store).public_key()))
    return World(made, keys, mine["Li"], mine["Zhao"])


def again(world: World, folder: Path) -> World:
    """The same in a folder that is not there yet, to be changed."""
    folder.mkdir(parents=True)
    shutil.copytree(world.keys, folder / "keys")
    return world._replace(made=copied(world.made, folder / "runs"), keys=folder / "keys")


def signed(world: World) -> World:
    """Li approves with a key, Zhao in the browser."""
    approve(world.store, COMMAND, world.look(), "Answers are better.", key=world.li_key)
    sign(world.made, world.made.zhao)
    return world


def release(world: World) -> World:
    """Sun releases it."""
    world.make(reason="the first one")
    return world


def twice(world: World) -> World:
    """A second candidate takes the place of the first one."""
    after = world._replace(made=next_candidate(world.made))
    return release(signed(after))


def sql(store: Store, statement: str, **values) -> None:
    """Change the store behind everybody's back."""
    store.transaction(lambda transaction: transaction.execute(statement, values))


def refused(act: Callable[[], object]) -> str:
    """The sentence with which something is refused."""
    try:
        act()
    except AssayError as error:
        return str(error)
    raise AssertionError("it was not refused")
