"""Streamlit's scripts, styles and fonts, from memory.

A page takes about a hundred of these files before its first chart is drawn. Streamlit looks each one up on the disk,
opens it in another thread and sends it as it is; kept here they are packed once, and cost a quarter of the time.
Their names hold a digest of what is in them, so that a browser keeps them for good.
"""

import gzip
import mimetypes
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["KeptFiles"]

_STATIC = Path(streamlit.__file__).parent / "static" / "static"
_PREFIX = "/static/"
_FOREVER = "public, immutable, max-age=31536000"
_PACKED = (".js", ".css")
"""What gets shorter; fonts are packed already."""


class KeptFiles:
    """ASGI middleware that answers for Streamlit's own files; all else is passed on, also where a part of one is asked
    for.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass a request on."""
        await (_answer(scope) or self._app)(scope, receive, send)


def _answer(scope: Scope) -> Response | None:
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_PREFIX):
        return None
    name, headers = scope["path"].removeprefix(_PREFIX), Headers(scope=scope)
    if name not in _names() or "range" in headers:
        return None
    packed = name.endswith(_PACKED) and "gzip" in headers.get("accept-encoding", "")
    said = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    if packed:
        said["Content-Encoding"] = "gzip"
    return Response(_content(name, packed=packed), headers=said, media_type=_type(name))


@cache
def _names() -> frozenset[str]:
    return frozenset(path.relative_to(_STATIC).as_posix() for path in _STATIC.rglob("*") if path.is_file())


@cache
def _content(name: str, *, packed: bool) -> bytes:
    content = (_STATIC / name).read_bytes()
    return gzip.compress(content) if packed else content


@cache
def _type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
