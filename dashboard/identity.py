"""Who is at the other end of a page: asked on every rerun, and kept nowhere, so that what is taken back works at once.

First the cookie of an invite, then a login by OpenID Connect, then, on a server for this machine alone, whoever
sits at it.
"""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from dashboard import cached
from dashboard.cookies import login_in
from dashboard.entrance import entrance
from store.access import Actor, require
from store.database import Store
from store.errors import StoreError, StoreMissingError
from store.users import account, local_user, user_of

__all__ = ["actor", "guard", "guarded", "is_signed_in", "name", "needs"]

T = TypeVar("T")

_NEEDS = "needs"

_STRANGER = Actor("oidc", None)


def actor() -> Actor:
    """Who asks for this page; someone unknown where nobody has signed in. Raises StoreError."""
    way = entrance()
    store = Store.at(cached.store_path())
    cookie = st.context.cookies.get(way.cookie)
    if cookie:
        invited = _invited(store, cookie)
        if invited is not None:
            return invited
    if way.oidc and st.user.is_logged_in:
        return Actor("oidc", _known(store))
    return _STRANGER if way.public else _local(store)


def is_signed_in() -> bool:
    """Whether the one who asks came by any of the ways in, known here or not. Raises StoreError."""
    return actor() != _STRANGER or (entrance().oidc and bool(st.user.is_logged_in))


def needs(action: str) -> None:
    """Say what the page of this rerun takes; `guard` asks for it again each time a part of it is drawn."""
    st.session_state[_NEEDS] = action


def guard(action: str | None = None) -> None:
    """Let pass who may do it, by default what the page needs. Raises AccessError, StoreError.

    Parts of a page refresh without the page, and its buttons act without it.
    """
    wanted = action or st.session_state.get(_NEEDS)
    # A server for this machine alone trusts whoever sits at it: nothing to look up.
    if wanted is None or (entrance().public is None and not st.context.cookies.get(entrance().cookie)):
        return
    who = actor()
    if who.way != "local":
        store = Store.at(cached.store_path())
        store.snapshot(lambda snapshot: require(snapshot, who, wanted))


def guarded(action: str, work: Callable[[], T]) -> Callable[[], T]:
    """Work to be done later, outside the page, that asks again whether its reader may. Raises AccessError then."""
    who, store = actor(), Store.at(cached.store_path())

    def done() -> T:
        if who.way != "local":
            store.snapshot(lambda snapshot: require(snapshot, who, action))
        return work()

    return done


def name() -> str:
    """What whoever asks is called, for others to read. Raises StoreError."""
    who = actor()
    if who.way == "local":
        return who.account
    rows = Store.at(cached.store_path()).rows('SELECT name FROM "user" WHERE id = $user', {"user": who.user})
    return rows[0]["name"] if rows else ""


def _invited(store: Store, cookie: str) -> Actor | None:
    if not store.exists:
        return None
    login = login_in(store, cookie)
    rows = store.rows("SELECT user_id FROM login WHERE token_sha256 = $login", {"login": login}) if login else []
    return Actor("invite", rows[0]["user_id"], login=login) if rows else None


def _known(store: Store) -> int | None:
    issuer, subject = st.user.get("iss"), st.user.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str):
        return None
    try:
        return store.snapshot(lambda snapshot: user_of(snapshot, issuer, subject))
    except StoreMissingError:
        return None


def _local(store: Store) -> Actor:
    try:
        return Actor("local", local_user(store), account=account())
    except StoreError:
        # No store yet, or one that cannot be read or written: its pages say so.
        return Actor("local", None, account=account())
