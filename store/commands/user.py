"""`assay user`: people, their roles, and invitations."""

import io
from typing import Any
from urllib.parse import urlsplit

import click
import segno
from rich.table import Table
from rich.text import Text

from assay.errors import AssayError
from store.access import ROLES, Actor
from store.commands.common import console, json_option, notes, open_store, print_json, store_option
from store.commands.user_key import key
from store.database import Store
from store.invites import Invitation, Wanted, invite, take_back_invites
from store.roster import campaign_named
from store.users import LOCAL, NewUser, account, add_user, grant, list_users, remove_user, take_back

__all__ = ["user"]

HERE = "http://localhost:8501"
"""Where `assay dash` answers by itself."""

role_option = click.Choice(ROLES)


@click.group()
def user() -> None:
    """Add people, give them roles, invite experts, and take it all back."""


user.add_command(key)


@user.command("add")
@click.argument("name")
@click.option("--role", type=role_option, required=True, help="What the person may do, in every campaign.")
@click.option("--oidc", nargs=2, metavar="ISSUER SUBJECT", help="Login: the provider's address, and the name it uses.")
@click.option("--specialty", multiple=True, metavar="FIELD", help="Field the expert judges; again for more. All.")
@store_option
@json_option
def add_command(
    name: str, role: str, oidc: tuple[str, str] | None, specialty: tuple[str, ...], store: str | None, as_json: bool
) -> None:
    """Add a person; the first one must be an admin."""
    issuer, subject = oidc or (None, None)
    if issuer is not None and not issuer.startswith(("https://", "http://")):
        raise AssayError(f"{issuer} is no issuer; give the provider's address as its logins name it (https://…)")
    if issuer is not None and not subject:
        raise AssayError("the subject is empty; give the person's name at the provider (the claim sub)")
    opened = open_store(store)
    # The first admin may come before the first run.
    opened.create()
    number = add_user(opened, _actor(), NewUser(name, role, issuer, subject, specialty))
    _done(as_json, {"user": number, "name": name, "role": role}, f"added {name}, number {number}, as {role}")


@user.command("invite")
@click.option("--name", required=True, help="What the person is called.")
@click.option("--campaign", required=True, metavar="CAMPAIGN", help="The one campaign it opens.")
@click.option("--role", type=click.Choice(["expert"]), default="expert", show_default=True, help="Role in it.")
@click.option("--specialty", multiple=True, metavar="FIELD", help="Field the expert judges; again for more. All.")
@click.option("--days", type=click.IntRange(1, 365), default=14, show_default=True, help="How long it holds at most.")
@click.option("--url", default=HERE, show_default=True, help="Address of the dashboard, as in assay dash --public.")
@store_option
@json_option
def invite_command(
    name: str, campaign: str, role: str, specialty: tuple[str, ...], *, days: int, url: str, store: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Invite an expert to a campaign: a link that works once, and a PIN to tell by another way."""
    base = _base(url)
    made = invite(open_store(store), _actor(), Wanted(name, campaign, specialty, days))
    link = f"{base}/invite/{made.code}"
    if as_json:
        print_json({"name": name, "role": role, "link": link, **made._asdict()})
    else:
        _hand_out(name, link, made)


@user.command("role")
@click.argument("name")
@click.option("--grant", "granted", type=role_option, help="Role to give.")
@click.option("--revoke", "revoked", type=role_option, help="Role to take back.")
@click.option("--campaign", metavar="CAMPAIGN", help="The one campaign it is for. Default: all.")
@store_option
@json_option
def role_command(
    name: str, granted: str | None, revoked: str | None, campaign: str | None, store: str | None, as_json: bool
) -> None:
    """Give someone a role, or take one back."""
    if (granted is None) == (revoked is None):
        raise AssayError("say what to do: --grant ROLE or --revoke ROLE")
    opened = open_store(store)
    number = _number(opened, campaign)
    scope = f" in {campaign}" if campaign else ""
    if granted is not None:
        grant(opened, _actor(), name, granted, number)
        _done(as_json, {"name": name, "granted": granted, "campaign": campaign}, f"{name} is {granted}{scope} now")
    elif revoked is not None:
        take_back(opened, _actor(), name, revoked, number)
        _done(as_json, {"name": name, "revoked": revoked, "campaign": campaign}, f"{name} is no {revoked}{scope} now")


@user.command("revoke")
@click.argument("name")
@click.option("--invite", "invites", is_flag=True, help="Only the invitations, with what they opened.")
@store_option
@json_option
def revoke_command(name: str, invites: bool, store: str | None, as_json: bool) -> None:
    """Take everything back from someone, at once: roles, invitations, logins, keys."""
    if invites:
        take_back_invites(open_store(store), _actor(), name)
        _done(as_json, {"name": name, "revoked": "invitations"}, f"the invitations of {name} have ended")
    else:
        remove_user(open_store(store), _actor(), name)
        _done(as_json, {"name": name, "revoked": "everything"}, f"{name} can do nothing here any more")


@user.command("ls")
@store_option
@json_option
def list_command(store: str | None, as_json: bool) -> None:
    """List people, their roles and open invitations."""
    people = list_users(open_store(store), _actor())
    if as_json:
        print_json(people)
    elif not people:
        notes.print("nobody yet; the first one is an admin: assay user add NAME --role admin --oidc ISSUER SUBJECT")
    else:
        console.print(_table(people))


def _actor() -> Actor:
    return Actor("command", None, account())


def _number(store: Store, campaign: str | None) -> int | None:
    return None if campaign is None else store.snapshot(lambda snapshot: campaign_named(snapshot, campaign)["id"])


def _base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise AssayError(f"{url} is no address of a dashboard; give it like https://assay.example.org")
    return f"{parts.scheme}://{parts.netloc}"


def _hand_out(name: str, link: str, made: Invitation) -> None:
    drawn = io.StringIO()
    segno.make(link, error="m").terminal(drawn, compact=True)
    click.echo(f"For {name}, campaign {made.campaign}, until {made.expires:%Y-%m-%d %H:%M} UTC; it works once:\n")
    click.echo(f"{link}\n\n{drawn.getvalue()}")
    click.echo(f"PIN {made.pin}")
    click.echo("Tell the PIN by another way than the link: by phone, or in person.")
    if made.renewed:
        notes.print(
            f"this renews the invitation of {name}, number {made.user}; for another person of that name, give "
            "a --name that tells them apart"
        )
    if link.startswith(HERE):
        notes.print("this link works on this machine alone; name the address that others reach with --url")


def _done(as_json: bool, document: dict[str, Any], sentence: str) -> None:
    if as_json:
        print_json(document)
    else:
        notes.print(sentence)


def _table(people: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("number", "name", "roles", "login", "specialties"):
        table.add_column(title, overflow="fold")
    for row in people:
        roles = ", ".join(
            role["role"] + (f" in {role['campaign']}" if role["campaign"] else "") for role in row["roles"]
        )
        table.add_row(
            str(row["id"]), Text(row["name"]), Text(roles), Text(_login(row)), Text(", ".join(row["specialties"]))
        )
    return table


def _login(row: dict[str, Any]) -> str:
    if row["issuer"] == LOCAL:
        return "this machine"
    if row["issuer"] is not None:
        return f"{row['subject']} at {row['issuer']}"
    return f"{row['logins']} browsers, {row['open_invites']} open invitations"
