"""Breaches of the audit log: rows changed, removed, inserted, the end cut off, all of it written anew."""

from collections.abc import Callable

from evals.release.confirming import confirm
from store.chain import CHAIN, row_hash
from store.heads import verify_audit
from tests.evals.release.cases import Case
from tests.evals.release.world import World, sql

__all__ = ["AUDIT"]


def broken(name: str, reason: str, change: Callable[[World], object]) -> Case:
    def act(world: World) -> str:
        change(world)
        report = world.store.snapshot(verify_audit)
        assert not report.holds
        return report.why or report.problems[0]

    return Case(name, reason, act)


def changed(assignment: str) -> Callable[[World], object]:
    return lambda world: sql(world.store, f"UPDATE audit SET {assignment} WHERE seq = 5")


def cut_off(world: World) -> None:
    """Nobody released anything."""
    world.store.transaction(lambda transaction: [
        transaction.execute(statement)
        for statement in (
            "DELETE FROM audit WHERE seq >= (SELECT min(seq) FROM audit WHERE action = 'release')",
            "DELETE FROM audit_head WHERE seq > (SELECT max(seq) FROM audit)",
        )
    ])  # fmt: skip


def confirmation_cut_off(world: World) -> None:
    """A server said something after the release, of which no bundle knows."""
    confirm(world.store, world.made.chen, "0" * 64, host="gpu-1")
    sql(world.store, "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")


def written_anew(world: World) -> None:
    """Somebody else approved, and every hash after that fits; the signed ends are gone."""

    def write(transaction) -> None:
        previous, rows = "", transaction.rows(CHAIN)
        for row in rows:
            if row["action"] == "approve":
                row["actor"] = "user:99"
            row["previous"] = previous
            previous = row["hash"] = row_hash(row)
            names = ("seq", "actor", "previous", "hash")
            transaction.execute(
                "UPDATE audit SET actor = $actor, previous = $previous, hash = $hash WHERE seq = $seq",
                {name: row[name] for name in names},
            )
        transaction.execute("DELETE FROM audit_head")

    world.store.transaction(write)


AUDIT = [
    broken("a payload changed", "its payload is not the one that was appended", changed("payload = '{}'")),
    broken("an actor changed", "its hash is not that of what it says", changed("actor = 'user:9'")),
    broken("a time changed", "its time is none", changed("created = TIMESTAMP 'infinity'")),
    broken("a link changed", "its link (previous) is not", changed("previous = hash")),
    broken("a row removed", "row 5 is missing before it", lambda world: (
        sql(world.store, "DELETE FROM audit WHERE seq = 5")
    )),
    broken("a row inserted", "its number stands twice", lambda world: sql(
        world.store, "INSERT INTO audit SELECT * FROM audit WHERE seq = 5"
    )),
    broken("the end cut off", "but the bundle of prod v1 knows row", cut_off),
    broken("what came after the release cut off", "UTC knows row", confirmation_cut_off),
    broken("written anew with fitting hashes", "the log was written anew: row", written_anew),
    broken("a signed end changed", "UTC on row", lambda world: sql(
        world.store, "UPDATE audit_head SET created = created + INTERVAL 1 SECOND"
    )),
]  # fmt: skip
"""Each done to the store of a release."""
