"""`assay release current`, `ls` and `at`: what is live, what was, and when."""

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from evals.commands.gate_common import environment_option
from evals.commands.release_common import release_dict, release_line, say_no, second_dict, second_line
from evals.commands.review_common import command_actor, when
from evals.gate.numbers import short
from evals.release.confirming import Running
from evals.release.current import Base, Current, DamagedError, current
from evals.release.errors import RefusedError
from evals.release.listing import Listed, listed
from evals.release.moments import Moment, live_at, span_of
from store.clock import utc_now
from store.commands.common import console, json_option, loaded_store, notes, print_json, store_option

__all__ = ["at_command", "current_command", "list_command"]


@click.command("current")
@environment_option
@click.option("--path", "only_path", is_flag=True, help="Print the folder alone, for scripts that deploy it.")
@store_option
@json_option
def current_command(*, environment: str, only_path: bool, store: str | None, as_json: bool) -> int:
    """Say what is live, and where its folder is.

    Every byte of the folder and of an adapter's base is read first. Exit 1 where nothing is live, where either is gone
    or not what was released, or where the releases are not what the audit log tells; nothing stands on stdout then but
    the JSON that says so. In it `live` says whether something is, and `holds` whether that is what was released; where
    it is not, `path` is null and `why` says what is wrong. `base` is the model to load an adapter on, whatever path its
    files name; `warning` says where they name another.
    """
    if only_path and as_json:
        raise click.UsageError("--path prints a folder, --json a document that has it as well; give one of them")
    place = loaded_store(store)
    try:
        found = current(place, command_actor(), environment)
    except DamagedError as error:
        return _say_damaged(error, as_json=as_json)
    except RefusedError as error:
        return say_no(error, as_json=as_json, key="live")
    if found.warning and not as_json:
        notes.print(f"warning: {found.warning}", markup=False, soft_wrap=True)
    if only_path:
        click.echo(str(found.folder))
    elif as_json:
        print_json(_current_dict(found))
    else:
        _print_current(found)
    return 0


def _say_damaged(error: DamagedError, *, as_json: bool) -> int:
    """Something is live, and nobody is to load it; the exit code."""
    if not as_json:
        return say_no(error, as_json=False, key="live")
    print_json(
        {"live": True, "holds": False, "why": str(error), **release_dict(error.release), "path": None, "base": None}
    )
    return 1


def _current_dict(found: Current) -> dict[str, Any]:
    return {
        "live": True, "holds": True, "why": None, **release_dict(found.release), "path": str(found.folder),
        "demo": found.release.papers.fields["store"]["demo"], "servers": [_server_dict(one) for one in found.running],
        "second": second_dict(found.second), "base": _base_dict(found.base), "warning": found.warning or None,
    }  # fmt: skip


def _base_dict(base: Base | None) -> dict[str, str] | None:
    return None if base is None else {"path": str(base.path), "sha256": base.sha256}


def _server_dict(one: Running) -> dict[str, Any]:
    return {
        "host": one.host, "digest": f"sha256:{one.sha256}", "version": one.version, "confirmed": one.created,
        "is_live": one.is_live,
    }  # fmt: skip


def _print_current(found: Current) -> None:
    console.print(release_line(found.release), markup=False)
    console.print(str(found.folder), markup=False, soft_wrap=True)
    if found.base is not None:
        console.print(f"on its base {found.base.path}", markup=False, soft_wrap=True)
    if found.second is not None:
        late = found.second.is_late(utc_now())
        console.print(Text(second_line(found.second), style="red" if late else ""), soft_wrap=True)
    if not found.running:
        console.print("no server has confirmed that it runs it: assay release confirm --digest DIGEST")
    for one in found.running:
        console.print(_runs(one), markup=False)


def _runs(one: Running) -> str:
    what = "runs it" if one.is_live else f"ran {f'v{one.version}' if one.version else short(one.sha256)}"
    return f"{one.host} {what}, as it said on {when(one.created)}"


@click.command("ls")
@environment_option
@store_option
@json_option
def list_command(*, environment: str, store: str | None, as_json: bool) -> int:
    """List what was live, and whether it can be put back."""
    found = listed(loaded_store(store), command_actor(), environment)
    if as_json:
        print_json([_listed_dict(one) for one in found])
    elif not found:
        notes.print(f"nothing was released in {environment} yet; assay release make RUN@STEP does it")
    else:
        console.print(_table(found))
    return 0


def _listed_dict(one: Listed) -> dict[str, Any]:
    return {
        **release_dict(one.release), "live": one.release.until is None, "can_be_put_back": one.can_be_put_back,
        "why_not": one.why_not or None,
    }  # fmt: skip


def _table(found: list[Listed]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("", "what", "digest", "since", "until", "by", "can be put back"):
        table.add_column(title, overflow="fold")
    for one in found:
        row = one.release
        did = f"v{row.version}{' put back' if row.kind == 'restore' else ''}"
        back = "yes" if one.can_be_put_back else f"no: {one.why_not}"
        table.add_row(
            Text(did, style="red" if row.override else ""), Text(row.candidate), short(row.sha256), when(row.created),
            when(row.until) or "live", Text(row.by), Text(back),
        )  # fmt: skip
    return table


@click.command("at")
@click.argument("date")
@environment_option
@store_option
@json_option
def at_command(*, date: str, environment: str, store: str | None, as_json: bool) -> int:
    """Say what was live on DATE, and who had signed it.

    DATE is a day (2026-11-29), a minute (2026-11-29T14:30) or a moment (2026-11-29T14:30:05), in UTC or with an offset
    (+08:00). Exit 1 where nothing was live then, or what the store says of it is not what was signed and told.
    """
    span = span_of(date)
    found = live_at(loaded_store(store), command_actor(), span, environment)
    if as_json:
        told = [_moment_dict(one) for one in found]
        print_json({"environment": environment, "from": span.begin, "to": span.end, "live": told})
    elif not found:
        notes.print(f"no: nothing was live in {environment} then")
    else:
        _print_at(found)
    return 0 if found and not any(one.why for one in found) else 1


def _moment_dict(one: Moment) -> dict[str, Any]:
    return {
        **release_dict(one.release), "holds": not one.why, "why": one.why or None,
        "approvals": [signature._asdict() for signature in one.signed], "second": second_dict(one.second),
    }  # fmt: skip


def _print_at(found: list[Moment]) -> None:
    for one in found:
        console.print(f"{release_line(one.release)}; live until {when(one.release.until) or 'now'}", markup=False)
        if one.why:
            console.print(Text(f"  does not hold: {one.why}", style="red"), soft_wrap=True)
        for signature in one.signed:
            why = f": {signature.reason}" if signature.reason else ""
            console.print(f"  {signature.kind} by {signature.name}, {signature.time}{why}", markup=False)
        if one.second is not None:
            late = one.second.is_late(utc_now())
            console.print(Text(f"  {second_line(one.second)}", style="red" if late else ""), soft_wrap=True)
