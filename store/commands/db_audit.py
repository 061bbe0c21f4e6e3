"""`assay db audit`: read the audit log, and verify that it is what was appended and signed."""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from assay.errors import AssayError
from store.access import Actor
from store.audit_log import Wanted, as_csv, read_log
from store.commands.common import (
    console,
    json_option,
    notes,
    open_store,
    print_json,
    require_new,
    store_option,
    write_new,
)
from store.database import Store
from store.heads import EVERY, AuditReport, verify_store
from store.heads_known import read_known
from store.keys import KeyFileError, read_public_keys, server_key, server_key_path
from store.users import account

__all__ = ["audit"]


@click.group()
def audit() -> None:
    """Read the audit log, and verify that nothing in it was changed."""


@audit.command("verify")
@click.option(
    "--keys", type=click.Path(path_type=Path), metavar="DIR",
    help="Trust only the server keys in DIR (*.pub), not those in the store.",
)  # fmt: skip
@click.option(
    "--bundle", "bundles", type=click.Path(path_type=Path), multiple=True, metavar="FILE_OR_FOLDER",
    help="Bundle of a release, or restore.intoto.json, kept elsewhere, which knows where the log once ended; again for "
    "more.",
)  # fmt: skip
@store_option
@json_option
def verify_command(keys: Path | None, bundles: tuple[Path, ...], store: str | None, as_json: bool) -> None:
    """Check every row, every signed end, every end that a bundle knows, and that releases, approvals, confirmations and
    keys are what the log tells of; exit 1 where something does not hold.

    The server's key in the store convinces only who trusts the store: whoever can write it can sign anew. Hand
    verifiers its public key (assay user key server) and have them name it with --keys.
    """
    opened = open_store(store)
    trusted = None if keys is None else read_public_keys(keys)
    known = [one for path in bundles for one in read_known(path)]
    report = verify_store(opened, trusted, known)
    warnings = [*report.warnings, *_key_warning(opened, report)]
    if as_json:
        told = {**report._asdict(), "unsigned": report.unsigned, "warnings": warnings}
        print_json({"store": str(opened.path), "holds": report.holds, **told})
    else:
        _print_report(report, warnings)
    if not report.holds:
        sys.exit(1)


@audit.command("ls")
@click.option("--person", metavar="NAME", help="Only what this person did: a name, a number, or command:ACCOUNT.")
@click.option("--object", "about", metavar="TEXT", help="Only what was done to this, such as campaign:3.")
@click.option("--from", "since", metavar="DATE", help="Only from this day or time on (2026-12-01, 2026-12-01T08:30).")
@click.option("--to", "until", metavar="DATE", help="Only up to this day or time, which is included. Both are UTC.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N of them.")
@click.option(
    "--csv",
    "out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write CSV to FILE, which must not be there yet.",
)
@store_option
@json_option
def list_command(
    *, person: str | None, about: str | None, since: str | None, until: str | None, last: int | None,
    out: Path | None, store: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List who did what, the oldest first."""
    wanted = Wanted(person, about, _moment(since, end=False), _moment(until, end=True), last)
    place = open_store(store)
    if out is not None:
        require_new(out, place)
    rows = place.snapshot(lambda snapshot: read_log(snapshot, Actor("command", None, account()), wanted))
    if out is not None:
        # For spreadsheets, which take a file without the mark for another encoding.
        write_new(out, as_csv(rows), "utf-8-sig")
        notes.print(f"{len(rows):,} rows in {out}")
    if as_json:
        print_json([{**row, "payload": _plain(row["payload"])} for row in rows])
    elif out is None:
        _print_rows(rows)


def _key_warning(store: Store, report: AuditReport) -> list[str]:
    """What is wrong with the server's key, where that is why no end is signed."""
    if report.rows // EVERY <= report.last_signed // EVERY or not server_key_path(store).exists():
        return []
    try:
        server_key(store)
    except KeyFileError as error:
        return [str(error)]
    return []


def _print_report(report: AuditReport, warnings: list[str]) -> None:
    wrong = [f"row {report.first_broken} does not hold: {report.why}"] if report.first_broken is not None else []
    for said in (*wrong, *report.problems):
        console.print(Text.assemble(("wrong ", "red"), said), soft_wrap=True)
    for said in warnings:
        console.print(Text.assemble(("note  ", "yellow"), said), soft_wrap=True)
    if report.holds:
        last = f", the last at row {report.last_signed:,}{_after(report.unsigned)}" if report.heads else ""
        known = f", {_ends(report.bundles)} known from bundles" if report.bundles else ""
        says = f"{report.rows:,} rows, {_ends(report.heads)} signed{last}{known}: all hold"
        console.print(Text.assemble(("ok    ", "green"), says), soft_wrap=True)


def _after(count: int) -> str:
    return f" ({count:,} {'row' if count == 1 else 'rows'} after it, not signed yet)" if count else ""


def _ends(count: int) -> str:
    return f"{count:,} {'end' if count == 1 else 'ends'}" if count else "no end"


def _moment(text: str | None, *, end: bool) -> datetime | None:
    """A day or a time; at its end where it is the last one wanted: the next day, or just after the minute or second."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise AssayError(
            f"{text} is no date; give one like 2026-12-01, or 2026-12-01T08:30 for a time (UTC)"
        ) from error
    if moment.tzinfo is not None:
        raise AssayError(f"{text} names a time zone; times in the audit log are UTC, leave the zone out")
    if not end:
        return moment
    try:
        if len(text) <= len("2026-12-01"):
            return moment + timedelta(days=1)
        return moment + (timedelta(minutes=1) if len(text) <= len("2026-12-01T08:30") else timedelta(seconds=1))
    except OverflowError:
        # The last moment there is.
        return moment


def _plain(payload: str) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        # Somebody changed it; what stands there is told as it is.
        return payload


def _when(created: datetime | None) -> str:
    return "no time" if created is None else f"{created:%Y-%m-%d %H:%M:%S}"


def _print_rows(rows: list[dict[str, Any]]) -> None:
    if not rows:
        notes.print("nothing in the audit log fits")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("row", "when (UTC)", "who", "role", "action", "object", "particulars"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(
            str(row["seq"]), _when(row["created"]), Text(row["name"] or row["actor"]),
            row["role"], Text(row["action"]), Text(row["object"]), Text(row["payload"]),
        )  # fmt: skip
    console.print(table)
