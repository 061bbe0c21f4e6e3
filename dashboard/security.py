"""The headers of every answer: what a browser may load, and from where. Nothing but this server."""

import base64
import hashlib
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LOOPBACK", "Door", "SecurityHeaders", "content_security_policy", "is_loopback"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine for itself."""

_PASSED_ON = re.compile(r"forwarded|x-forwarded-.+|x-real-ip")

_BEHIND_A_PROXY = (
    "This dashboard serves its own machine alone, and a proxy passed this request on: start it with assay dash "
    "--public URL, which asks everyone to sign in.\n"
)

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def content_security_policy(page: str) -> str:
    """The policy for the page every address is answered with.

    - `script-src` takes the page's own few inline lines by their hash, and no eval: Streamlit draws
      Vega charts through Vega's expression interpreter.
    - `style-src` must take inline styles: Streamlit's styles are made by emotion in the browser, which
      would carry a nonce only if `document.currentScript` existed in module scripts; it does not.
    - `data:` and `blob:` are pictures and the workers made by the page itself; neither is remote.
    """
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in _INLINE_SCRIPT.findall(page))
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' {hashes}".strip(),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class SecurityHeaders:
    """ASGI middleware that adds the headers to every answer over HTTP."""

    def __init__(self, app: ASGIApp, policy: str, *, secure: bool = False) -> None:
        """Wrap `app`; `policy` is the Content-Security-Policy; `secure`: browsers reach it through TLS alone."""
        self._app = app
        self._secure = secure
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "X-Frame-Options": "DENY",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            **({"Strict-Transport-Security": "max-age=31536000"} if secure else {}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with the headers set on its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if self._secure:
                    _make_secure(message)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class Door:
    """ASGI middleware: who is turned away before anything is asked.

    A server for this machine alone takes whoever asks for the one who sits at it, so it refuses what a proxy passed on.
    Pages of other sites may open no connection; Streamlit, asked by one, would ask the internet for its own address.
    """

    def __init__(self, app: ASGIApp, public_host: str | None) -> None:
        """Wrap `app`; `public_host` is the name others reach it by, None where it is for this machine alone."""
        self._app = app
        self._public_host = public_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        passed_on = self._public_host is None and any(map(_PASSED_ON.fullmatch, headers))
        foreign = scope["type"] == "websocket" and not self._is_own(headers.get("origin"))
        await (_refuse if passed_on or foreign else self._app)(scope, receive, send)

    def _is_own(self, origin: str | None) -> bool:
        # Browsers always say where a page came from.
        return origin is None or _host(origin) in ((self._public_host,) if self._public_host else LOOPBACK)


def is_loopback(host: str) -> bool:
    """Whether a Host header, with or without a port, names this machine.

    >>> is_loopback("localhost:8501"), is_loopback("[::1]"), is_loopback("assay.example.org")
    (True, True, False)
    """
    return _host(f"//{host}") in LOOPBACK


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await PlainTextResponse(_BEHIND_A_PROXY, status_code=403)(scope, receive, send)


def _make_secure(message: Message) -> None:
    # Streamlit leaves its cookies open to plain HTTP, since it does not know of the proxy.
    message["headers"] = [
        (name, value + b"; Secure" if name == b"set-cookie" and b"; secure" not in value.lower() else value)
        for name, value in message["headers"]
    ]
