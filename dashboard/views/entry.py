"""What stands in a page's place for someone who has not signed in, is not known here, or whose invitation has ended."""

import shlex

import streamlit as st

from dashboard import cached, identity, widgets
from dashboard.entrance import entrance
from dashboard.language import t
from store.access import ROLES, Actor, roles_of
from store.database import Store

__all__ = ["sign_in", "sign_out", "turned_away"]


def sign_in() -> None:
    """The ways in that this server has."""
    widgets.heading(t("entry.title"))
    widgets.notice(t("entry.lead"))
    if entrance().oidc:
        st.button(t("entry.button"), key="sign-in", type="primary", on_click=st.login)
    widgets.notice(t("entry.invited"))


def turned_away(who: Actor) -> None:
    """Why there is nothing for someone who has signed in, and what to do. Raises StoreError."""
    if who.way == "invite":
        widgets.heading(t("entry.ended"))
        widgets.notice(t("entry.ended.lead"))
    elif who.user is None:
        widgets.heading(t("entry.unknown"))
        widgets.notice(t("entry.unknown.lead"))
        st.code(_add_command(), language="bash", wrap_lines=True)
    else:
        held = Store.at(cached.store_path()).snapshot(lambda snapshot: roles_of(snapshot, who))
        roles = ", ".join(role for role in ROLES if role in held) or t("entry.no_role")
        widgets.heading(t("entry.nothing"))
        widgets.notice(t("entry.nothing.lead", roles=roles))


def sign_out(who: Actor) -> None:
    """The way out; none for whoever sits at this machine."""
    if who.way == "invite":
        # A page of its own takes the cookie back, which no page of Streamlit's can.
        st.html(f'<a class="a-out" href="/leave" target="_self">{t("entry.out")}</a>')
    elif identity.is_signed_in() and who.way == "oidc":
        st.button(t("entry.out"), key="sign-out", type="tertiary", on_click=st.logout)


def _add_command() -> str:
    login = [str(st.user.get(claim) or "") for claim in ("iss", "sub")]
    return f"assay user add NAME --role ROLE --oidc {shlex.join(login)}"
