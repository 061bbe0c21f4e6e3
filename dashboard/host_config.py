"""What Streamlit's script asks its host about: nothing of it is open, and it shows no windows about errors.

Its window about a lost connection takes the focus from whoever is in the middle of a word, speaks English only, and
asks about Streamlit. The connection's state stands in the head of each page all the same, and pages that can lose
something say so themselves.
"""

from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["HostConfig"]

_PATH = "/_stcore/host-config"

_CONFIG: dict[str, Any] = {
    "allowedOrigins": [],
    "useExternalAuthToken": False,
    "enableCustomParentMessages": False,
    "enforceDownloadInNewTab": False,
    "metricsUrl": "",
    "blockErrorDialogs": True,
    "resourceCrossOriginMode": None,
}


class HostConfig:
    """ASGI middleware that answers in Streamlit's place; its own routes cannot be taken by others."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, but for the one."""
        asked = scope["type"] == "http" and scope["path"] == _PATH
        answer = JSONResponse(_CONFIG, headers={"Cache-Control": "no-cache"}) if asked else self._app
        await answer(scope, receive, send)
