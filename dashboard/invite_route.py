"""`/invite/CODE`: a link and its PIN are exchanged for a cookie. `/leave`: the cookie is given back.

Only POST exchanges: chat programs open links to preview them, and must not use them up. The code is the secret, so
no other site can make a browser send it.
"""

from datetime import UTC
from html import escape
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.cookies import login_in, signed
from dashboard.entrance import entrance
from dashboard.plain_page import language_of, plain_page
from dashboard.texts import Language, text
from dashboard.tries import Tries
from store.database import Store
from store.errors import StoreError
from store.invites import Exchanged, end_login, exchange, opened_by

__all__ = ["REVIEW", "invite_routes"]

REVIEW = "/review"
"""Where an invite leads."""

_LONGEST = 1024
"""Bytes of a form; what is longer was not sent by our page."""

_FORM = """<p>{lead}</p>{said}<form method="post"><label for="pin">{label}</label>
<input id="pin" name="pin" inputmode="numeric" autocomplete="off" pattern="[0-9]{{6}}" maxlength="6" required autofocus>
<button>{enter}</button></form>"""

_LEAVE = """<p>{lead}</p><form method="post"><button>{leave}</button></form>"""


def invite_routes(store: Store, tries: Tries | None = None) -> list[Route]:
    """The two routes for a store; `tries` counts codes that open nothing."""
    door = _Door(store, tries or Tries())
    return [
        Route("/invite/{code}", door.invite, methods=["GET", "POST"]),
        Route("/leave", door.leave, methods=["GET", "POST"]),
    ]


class _Door:
    def __init__(self, store: Store, tries: Tries) -> None:
        self._store = store
        self._tries = tries

    async def invite(self, request: Request) -> Response:
        language = language_of(request)
        code = request.path_params["code"]
        if request.method != "POST":
            # Whoever was let in by this link may follow it again: it is what they have kept.
            return _to_review() if await self._was_let_in(request, code) else _form(language)
        address = request.client.host if request.client else ""
        if not self._tries.allowed(address):
            return _form(language, text("invite.slow", language), 429)
        if not _is_own_page(request):
            return _form(language, text("invite.over", language), 403)
        return await self._exchange(language, address, code, await _pin(request))

    async def leave(self, request: Request) -> Response:
        language = language_of(request)
        if request.method != "POST" or not _is_own_page(request):
            body = _LEAVE.format(lead=text("leave.lead", language), leave=text("leave", language))
            return plain_page(language, text("leave.title", language), body)
        try:
            login = self._login(request)
            if login:
                await run_in_threadpool(end_login, self._store, login)
        except StoreError:
            return plain_page(language, text("invite.trouble", language), "", status=503)
        said = escape(text("leave.again", language))
        answer = plain_page(language, text("leave.done", language), f"<p>{said}</p>")
        answer.delete_cookie(entrance().cookie, secure=entrance().secure, httponly=True, samesite="lax")
        return answer

    async def _exchange(self, language: Language, address: str, code: str, pin: str) -> Response:
        try:
            outcome = await run_in_threadpool(exchange, self._store, code, pin)
            if isinstance(outcome, Exchanged):
                return _let_in(signed(self._store, outcome.token), outcome)
        except StoreError:
            # Its sentence may name the file; whoever stands here has no business with it.
            return _form(language, text("invite.trouble", language), 503)
        if outcome.left:
            # Five wrong PINs lock the link, from wherever they come.
            return _form(language, text("invite.wrong", language, count=outcome.left), 403)
        self._tries.failed(address)
        return _form(language, text("invite.over", language), 403)

    async def _was_let_in(self, request: Request, code: str) -> bool:
        try:
            login = self._login(request)
            return bool(login) and await run_in_threadpool(opened_by, self._store, code, login)
        except StoreError:
            return False

    def _login(self, request: Request) -> str | None:
        cookie = request.cookies.get(entrance().cookie)
        return login_in(self._store, cookie) if cookie else None


def _form(language: Language, said: str = "", status: int = 200) -> Response:
    notice = f'<p class="a-bad" role="alert">{escape(said)}</p>' if said else ""
    body = _FORM.format(
        lead=escape(text("invite.lead", language)), said=notice, label=escape(text("invite.pin", language)),
        enter=escape(text("invite.enter", language)),
    )  # fmt: skip
    return plain_page(language, text("invite.title", language), body, status=status)


def _let_in(cookie: str, outcome: Exchanged) -> Response:
    answer = _to_review()
    # Lax, not Strict: a link in a chat is followed from another site, and its own browser must be known again. The
    # page's WebSocket, which alone reads it otherwise, gets neither from another site.
    answer.set_cookie(
        entrance().cookie, cookie, expires=outcome.expires.replace(tzinfo=UTC), path="/", secure=entrance().secure,
        httponly=True, samesite="lax",
    )  # fmt: skip
    return answer


def _to_review() -> Response:
    return RedirectResponse(REVIEW, status_code=303, headers={"Cache-Control": "no-store"})


def _is_own_page(request: Request) -> bool:
    # Browsers that do not say where a form came from are taken at their word: the code itself is the secret.
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


async def _pin(request: Request) -> str:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST:
            return ""
    return parse_qs(body.decode("latin-1")).get("pin", [""])[0].strip()
