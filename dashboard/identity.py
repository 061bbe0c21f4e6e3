"""Who is at the other end of a page: asked on every rerun. What they may do is kept nowhere, so that what is taken back
works at once.

First the cookie of an invite, then a login by OpenID Connect, then, on a server for this machine alone, whoever
sits at it, or whom that one plays in a demo.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import streamlit as st

from dashboard import cached, played
from dashboard.cookies import login_in
from dashboard.entrance import entrance
from store.access import Actor, require, roles_of
from store.database import Store
from store.errors import StoreError, StoreMissingError
from store.users import account, local_user, note_login, user_of

__all__ = ["actor", "guard", "guarded", "is_judging", "is_signed_in", "local_number", "may_know_files", "needs"]

T = TypeVar("T")

_NEEDS = "needs"

_STRANGER = Actor("oidc", None)


def actor() -> Actor:
    """Who asks for this page; someone unknown where nobody has signed in. Raises StoreError."""
    way = entrance()
    store = Store.at(cached.store_path())
    cookie = _cookie()
    signed_in = way.oidc and bool(st.user.is_logged_in)
    if cookie:
        invited = _invited(store, cookie)
        # An invitation that is over must not keep out someone who has signed in.
        if invited is not None and not (signed_in and _is_over(store, invited)):
            return invited
    if signed_in:
        return _signed_in(store)
    if way.public:
        return _STRANGER
    persona = played.playing()
    return _local() if persona is None else persona.actor


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
    if wanted is None or _sits_here():
        return
    who = actor()
    if who.way != "local":
        store = Store.at(cached.store_path())
        store.snapshot(lambda snapshot: require(snapshot, who, wanted))


def may_know_files() -> bool:
    """Whether the page of this rerun is for people who may be told of files here; the store is not asked, as it may be
    what is in trouble. Experts may not: folders are named after models.
    """
    return _sits_here() or not is_judging()


def is_judging() -> bool:
    """Whether the page that was drawn last is the experts' own."""
    return st.session_state.get(_NEEDS) == "verdict:write"


def guarded(action: str, work: Callable[[], T]) -> Callable[[], T]:
    """Work to be done later, outside the page, that asks again whether its reader may. Raises AccessError then."""
    if _sits_here():
        # Trusted then as now; a refresh need not look up who that is.
        return work
    who, store = actor(), Store.at(cached.store_path())

    def done() -> T:
        if who.way != "local":
            store.snapshot(lambda snapshot: require(snapshot, who, action))
        return work()

    return done


def _sits_here() -> bool:
    """Whether it is the one at this machine, and as no other person."""
    return entrance().public is None and not _cookie() and played.playing() is None


def _cookie() -> str:
    """The cookie of someone invited; empty without one."""
    found: object = st.context.cookies.get(entrance().cookie)
    # Under test there is no browser, and Streamlit's stand-in for one answers with anything.
    return found if isinstance(found, str) else ""


def _invited(store: Store, cookie: str) -> Actor | None:
    if not store.exists:
        return None
    login = login_in(store, cookie)
    try:
        return Actor("invite", _user_of(store, login), login=login) if login else None
    except KeyError:
        return None


@lru_cache(maxsize=1000)
def _user_of(store: Store, login: str) -> int:
    """Whose a login is, ended or not, which never changes; what it still opens is asked elsewhere. Raises KeyError."""
    rows = store.rows("SELECT user_id FROM login WHERE token_sha256 = $login", {"login": login})
    if not rows:
        raise KeyError(login)
    return rows[0]["user_id"]


def _is_over(store: Store, invited: Actor) -> bool:
    return not store.snapshot(lambda snapshot: roles_of(snapshot, invited))


def _signed_in(store: Store) -> Actor:
    number = _known(store)
    if number is not None:
        issued = st.user.get("iat")
        _note_login(store, number, int(issued) if isinstance(issued, int | float) else 0)
    return Actor("oidc", number)


@lru_cache(maxsize=1000)
def _note_login(store: Store, user: int, issued: int) -> None:
    """Tell the audit log of a login, once however often its pages are drawn; `issued` is when the provider made it."""
    note_login(store, user, issued)


def _known(store: Store) -> int | None:
    issuer, subject = st.user.get("iss"), st.user.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str):
        return None
    try:
        return store.snapshot(lambda snapshot: user_of(snapshot, issuer, subject))
    except StoreMissingError:
        return None


@st.cache_data(ttl=cached.SELDOM, max_entries=4, show_spinner=False)
def local_number(path: str) -> int:
    """Whose number it is at this machine: a page asks several times, and what a number may do is asked elsewhere."""
    return local_user(Store.at(path))


def _local() -> Actor:
    try:
        return Actor("local", local_number(cached.store_path()), account=account())
    except StoreError:
        # No store yet, or one that cannot be read or written: its pages say so.
        return Actor("local", None, account=account())
