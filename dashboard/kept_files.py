"""Streamlit's scripts, styles and fonts, from memory.

A page takes about a hundred of these files before its first chart is drawn. Streamlit looks each one up on the disk,
opens it in another thread and sends it as it is; kept here they are packed once, and cost a quarter of the time.
Their names hold a digest of what is in them, so that a browser keeps them for good; who asks again all the same is told
by the ETag that nothing has changed.

One number in them is another one as it is sent: how much of what it no longer draws Vega keeps.
"""

import gzip
import hashlib
import mimetypes
import re
import threading
from functools import cache
from pathlib import Path
from typing import NamedTuple

import streamlit
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["KeptFiles"]

_STATIC = Path(streamlit.__file__).parent / "static" / "static"
_PREFIX = "/static/"
_FOREVER = "public, immutable, max-age=31536000"
_VEGA = "js/embed."
_MANY, _FEW = b"cleanThreshold:1e4", b"cleanThreshold:1e1"
"""How many items of rows that were replaced Vega keeps for each of a chart's marks before it lets go of them; there is
no option for it. A live chart replaces its rows all day: with ten thousand a page of ten charts holds up to twice as
much; with five hundred a mark of a single item would still grow for an hour.
"""

_PACKED = (".js", ".css")
"""What gets shorter; fonts are packed already."""

_REFUSED = re.compile(r"q=0(\.0*)?")
"""How a browser says that it does not take something."""


class KeptFiles:
    """ASGI middleware that answers for Streamlit's own files; all else is passed on, also where a part of one is asked
    for.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass a request on."""
        await (await _answer(scope) or self._app)(scope, receive, send)


class _Kept(NamedTuple):
    """A file as it is sent."""

    content: bytes
    tag: str
    """Its ETag."""


_kept: dict[tuple[str, bool], _Kept] = {}
_reading = threading.Lock()


async def _answer(scope: Scope) -> Response | None:
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_PREFIX):
        return None
    name, headers = scope["path"].removeprefix(_PREFIX), Headers(scope=scope)
    if name not in _names() or "range" in headers:
        return None
    asked = name, name.endswith(_PACKED) and _takes_gzip(headers)
    # Packing takes a quarter of a second, in which nobody else would be answered.
    kept = _kept.get(asked) or await run_in_threadpool(_read, *asked)
    said = {"Cache-Control": _FOREVER, "ETag": kept.tag, "Vary": "Accept-Encoding"}
    if _has(headers, kept.tag):
        return Response(status_code=304, headers=said)
    if asked[1]:
        said["Content-Encoding"] = "gzip"
    return Response(kept.content, headers=said, media_type=_type(name))


def _takes_gzip(headers: Headers) -> bool:
    for entry in ",".join(headers.getlist("accept-encoding")).split(","):
        coding, *parameters = (part.strip().casefold() for part in entry.split(";"))
        if coding == "gzip":
            return not any(map(_REFUSED.fullmatch, parameters))
    return False


def _has(headers: Headers, tag: str) -> bool:
    """Whether the browser has the file already; a proxy that packs what it passes on makes a tag a weak one."""
    known = ",".join(headers.getlist("if-none-match")).split(",")
    return not {"*", tag}.isdisjoint(part.strip().removeprefix("W/") for part in known)


def _read(name: str, packed: bool) -> _Kept:
    """In a thread; each file is packed once, however many ask for it at once."""
    with _reading:
        if (name, packed) not in _kept:
            content = (_STATIC / name).read_bytes()
            if name.startswith(_VEGA):
                content = content.replace(_MANY, _FEW)
            digest = hashlib.sha256(content).hexdigest()[:32]
            # Without the time, so that one tag is of the same bytes in each process.
            sent, tag = (gzip.compress(content, mtime=0), f'"{digest}-gzip"') if packed else (content, f'"{digest}"')
            _kept[name, packed] = _Kept(sent, tag)
        return _kept[name, packed]


@cache
def _names() -> frozenset[str]:
    return frozenset(path.relative_to(_STATIC).as_posix() for path in _STATIC.rglob("*") if path.is_file())


@cache
def _type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
