"""What the browser gets before any page runs: Streamlit's HTML in our language, the style sheet, the icon."""

from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from dashboard.colors import DARK, LIGHT, Look
from dashboard.pages import PAGES
from dashboard.texts import DEFAULT, LANGUAGES, TEXTS

__all__ = ["asset_routes", "html_page", "style_sheet"]

_HERE = Path(__file__).parent / "static"
_HTML_LANGUAGE = {"zh": "zh-Hans", "en": "en"}
_HEAD = '<link rel="stylesheet" href="./look.css"></head>'


def html_page(language: str = DEFAULT) -> str:
    """Streamlit's own page with our language, title, icon and style sheet.

    The language matters before a word is drawn: it chooses the glyphs of Chinese characters.
    """
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    changes = {
        '<html lang="en">': f'<html lang="{_HTML_LANGUAGE[language]}">',
        "<title>Streamlit</title>": f"<title>{TEXTS['name'][language]}</title>",
        "./favicon.png": "./icon.svg",
        "</head>": _HEAD,
    }
    for before, after in changes.items():
        assert page.count(before) == 1, f"Streamlit's page changed: {before} is not in it once"
        page = page.replace(before, after)
    return page


def style_sheet() -> str:
    """`look.css` with the colours of both themes in front; the browser says which one it prefers."""
    rules = (_HERE / "look.css").read_text(encoding="utf-8")
    dark = f"@media (prefers-color-scheme: dark) {{ {_variables(DARK)} }}"
    return f"{_variables(LIGHT)}\n{dark}\n{rules}"


def _variables(look: Look) -> str:
    colors = "; ".join(f"--{name}: {value}" for name, value in look._asdict().items() if isinstance(value, str))
    return f":root {{ {colors} }}"


def asset_routes() -> list[Route]:
    """Routes that go before Streamlit's own."""
    pages = [Route(f"/{entry.url}", _page, methods=["GET"]) for entry in PAGES]
    return [*pages, Route("/look.css", _style), Route("/icon.svg", _icon)]


async def _page(request: Request) -> HTMLResponse:
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "")[:2]
    language = asked if asked in LANGUAGES else DEFAULT
    return HTMLResponse(html_page(language), headers={"Cache-Control": "no-cache"})


async def _style(_: Request) -> Response:
    return Response(style_sheet(), media_type="text/css", headers={"Cache-Control": "no-cache"})


async def _icon(_: Request) -> FileResponse:
    return FileResponse(_HERE / "icon.svg", media_type="image/svg+xml")
