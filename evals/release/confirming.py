"""Servers say what they run: released and confirmed running are two things."""

from datetime import datetime
from typing import Any, NamedTuple
from unicodedata import category

from evals.gate.live import ENVIRONMENT
from evals.gate.numbers import short
from evals.release.errors import ReleaseError
from evals.release.making import check_environment
from evals.release.rows import LEAST_DIGEST, Release, digest_of, live_release, releases_of
from store.access import Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.heads import sign_if_possible

__all__ = ["Confirmed", "Running", "confirm", "running"]

LONGEST_HOST = 255

WHOLE = 64
"""Characters of a digest."""


class Confirmed(NamedTuple):
    """What came of what a server said."""

    is_live: bool
    """Whether it runs what is live."""

    sentence: str
    """That, for people."""

    live: Release | None
    """What is live."""


class Running(NamedTuple):
    """The last that a server said."""

    host: str
    """Its name."""

    sha256: str
    """Digest of the folder it had loaded."""

    version: int | None
    """Version of that folder there; None where it was never released there."""

    created: datetime
    """When it said so."""

    is_live: bool
    """Whether that is what is live, said since it is."""


def confirm(store: Store, actor: Actor, digest: str, *, host: str, environment: str = ENVIRONMENT) -> Confirmed:
    """Note that a server runs the folder of a digest, also where that is not live; 12 characters name a release.

    Raises ReleaseError, AccessError.
    """
    check_environment(environment)
    given, name = digest_of(digest, least=LEAST_DIGEST), host.strip()
    if not name or len(name) > LONGEST_HOST or any(category(sign) in ("Cc", "Cs") for sign in name):
        raise ReleaseError("a server has a name of 1 to 255 characters; give it with --host")

    def work(transaction: Transaction) -> Confirmed:
        role, now = require(transaction, actor, "release:confirm"), utc_now()
        sha256 = _whole_digest(transaction, given, environment)
        live = live_release(transaction, environment)
        is_live = live is not None and live.sha256 == sha256
        values = {"environment": environment, "sha256": sha256, "host": name, "now": now, "by": actor.named}
        transaction.execute("INSERT INTO confirmation VALUES ($environment, $sha256, $host, $now, $by)", values)
        told = {"environment": environment, "sha256": sha256, "host": name, "live": is_live}
        append(transaction, Entry(actor.named, role, "confirm", f"environment:{environment}", told), now=now)
        sign_if_possible(transaction, now)
        return Confirmed(is_live, _sentence(transaction, name, sha256, environment, live), live)

    return store.transaction(work)


def running(snapshot: Snapshot, environment: str) -> list[Running]:
    """The last that each server of an environment said, by name."""
    versions = {one.sha256: one.version for one in releases_of(snapshot, environment)}
    live = live_release(snapshot, environment)
    rows: list[dict[str, Any]] = snapshot.rows(_RUNNING, {"environment": environment})
    return [
        Running(
            **row, version=versions.get(row["sha256"]),
            is_live=live is not None and row["sha256"] == live.sha256 and row["created"] >= live.created,
        )
        for row in rows
    ]  # fmt: skip


def _whole_digest(snapshot: Snapshot, given: str, environment: str) -> str:
    """The digest that its first characters name. Raises ReleaseError where they name no release, or several."""
    if len(given) == WHOLE:
        return given
    found = {one.sha256 for one in releases_of(snapshot, environment) if one.sha256.startswith(given)}
    if len(found) != 1:
        many = "several releases of" if found else "no release of"
        raise ReleaseError(f"{given} begins the digest of {many} {environment}; give its {WHOLE} characters")
    return found.pop()


def _sentence(snapshot: Snapshot, host: str, sha256: str, environment: str, live: Release | None) -> str:
    if live is None:
        return f"{host} runs {short(sha256)}, but nothing was ever released in {environment}"
    if live.sha256 == sha256:
        return f"{host} runs {live.title}, which is live"
    known = [one for one in releases_of(snapshot, environment) if one.sha256 == sha256]
    what = f"v{known[-1].version}" if known else f"{short(sha256)}, which was never released in {environment}"
    return f"{host} runs {what}, but live is v{live.version} ({short(live.sha256)}); have it load that one"


_RUNNING = """
SELECT host, sha256, created FROM confirmation WHERE environment = $environment
QUALIFY row_number() OVER (PARTITION BY host ORDER BY created DESC, sha256) = 1 ORDER BY host
"""
