"""What the browser gets before any page runs: Streamlit's HTML in our language, the style sheet, the icon."""

import re
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

import streamlit
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from dashboard.colors import theme_css
from dashboard.pages import PAGES
from dashboard.texts import DEFAULT, LANGUAGES, TEXTS

__all__ = ["asset_routes", "html_page", "parts", "style_sheet", "styles"]

_HERE = Path(__file__).parent / "static"
_HTML_LANGUAGE = {"zh": "zh-Hans", "en": "en"}
_HEAD = (
    '<link rel="stylesheet" href="./look.css">'
    # Where the server is: else Streamlit asks below the page's own address first, and waits for its 404.
    '<script>window.__streamlit = { BACKEND_BASE_URL: new URL(".", location.href).href };'
    # Streamlit notes each run of a page's script in the browser's timeline and never forgets it: a megabyte an
    # hour of a page that stays open.
    "setInterval(() => { performance.clearMarks(); performance.clearMeasures(); }, 60000);</script>"
)
_STATIC = Path(streamlit.__file__).parent / "static"

PARTS = {
    "home": ("Html", "ButtonGroup", "PageLink", "ArrowVegaLiteChart"),
    "run": ("Html", "ButtonGroup", "Button", "PageLink", "Selectbox", "ArrowVegaLiteChart", "DownloadButton"),
    "runs": ("Html", "ButtonGroup", "TextInput", "Selectbox", "DataFrame"),
}
"""What of Streamlit's own each page shows first. A browser learns of such a part, and of those that it is made of, when
the page's first line of that kind has come: asked for with the page, it is there by then.
"""

_IMPORTED = re.compile(r"""(?:from|import)["']\./([\w.-]+\.js)["']""")


@cache
def html_page(language: str = DEFAULT, page: str = "") -> str:
    """Streamlit's own page with our language, title, icon and style sheet, and what it will need for one of `PAGES`.

    The language matters before a word is drawn: it chooses the glyphs of Chinese characters.
    """
    html = (_STATIC / "index.html").read_text(encoding="utf-8")
    ahead = "".join(f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in parts(page))
    # Streamlit shows nothing of such a part before its style sheet has come, which it asks for late.
    ahead += "".join(f'<link rel="stylesheet" crossorigin href="./static/css/{name}">' for name in styles(page))
    changes = {
        '<html lang="en">': f'<html lang="{_HTML_LANGUAGE[language]}">',
        "<title>Streamlit</title>": f"<title>{TEXTS['name'][language]}</title>",
        "./favicon.png": "./icon.svg",
        "</head>": f"{_HEAD}{ahead}</head>",
    }
    for before, after in changes.items():
        assert html.count(before) == 1, f"Streamlit's page changed: {before} is not in it once"
        html = html.replace(before, after)
    return html


def parts(page: str) -> list[str]:
    """Files of Streamlit's scripts that a page needs and its first answer does not name, each after what needs it."""
    folder, first = _STATIC / "static" / "js", (_STATIC / "index.html").read_text(encoding="utf-8")
    waiting = [path.name for name in PARTS.get(page, ()) for path in folder.glob(f"{name}.*.js")]
    found: list[str] = []
    while waiting:
        name = waiting.pop(0)
        if name not in found and name not in first:
            found.append(name)
            waiting += _IMPORTED.findall((folder / name).read_text(encoding="utf-8"))
    return found


def styles(page: str) -> list[str]:
    """Style sheets of Streamlit's that a page needs beside those of all pages."""
    folder = _STATIC / "static" / "css"
    return [path.name for name in PARTS.get(page, ()) for path in folder.glob(f"{name}.*.css")]


def style_sheet() -> str:
    """`look.css` with the colours of both themes in front; the browser says which one it prefers."""
    rules = (_HERE / "look.css").read_text(encoding="utf-8")
    return f"{theme_css()}\n{rules}"


def asset_routes() -> list[Route]:
    """Routes that go before Streamlit's own."""
    pages = [Route(f"/{entry.url}", _page(entry.name), methods=["GET"]) for entry in PAGES]
    return [*pages, Route("/look.css", _style), Route("/icon.svg", _icon)]


def _page(name: str) -> Callable[[Request], Awaitable[HTMLResponse]]:
    async def page(request: Request) -> HTMLResponse:
        asked = request.query_params.get("lang") or request.headers.get("accept-language", "")[:2]
        language = asked if asked in LANGUAGES else DEFAULT
        # When the answer has gone out: the browser does not wait for it.
        ahead = BackgroundTask(_read_ahead, name, dict(request.query_params)) if _is_opened(request) else None
        return HTMLResponse(html_page(language, name), headers={"Cache-Control": "no-cache"}, background=ahead)

    return page


def _is_opened(request: Request) -> bool:
    """Whether a person opens the page, and no page of somebody else's asks for it, as an image or time and again."""
    asked = request.headers.get("sec-fetch-dest"), request.headers.get("sec-fetch-site")
    return asked in (("document", "none"), ("document", "same-origin"))


def _read_ahead(page: str, asked: dict[str, str]) -> None:
    from dashboard.ahead import read_ahead  # noqa: PLC0415 - what is cached wants Streamlit's runtime, which comes later

    read_ahead(page, asked)


async def _style(_: Request) -> Response:
    return Response(style_sheet(), media_type="text/css", headers={"Cache-Control": "no-cache"})


async def _icon(_: Request) -> FileResponse:
    return FileResponse(_HERE / "icon.svg", media_type="image/svg+xml")
