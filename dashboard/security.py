"""The headers of every answer: what a browser may load, and from where. Nothing but this server."""

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["SecurityHeaders", "content_security_policy"]

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


def _make_secure(message: Message) -> None:
    # Streamlit leaves its cookies open to plain HTTP, since it does not know of the proxy.
    message["headers"] = [
        (name, value + b"; Secure" if name == b"set-cookie" and b"; secure" not in value.lower() else value)
        for name, value in message["headers"]
    ]
