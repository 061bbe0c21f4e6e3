"""Small pages that need no script: what stands at the door of the app, in the app's look."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboard.texts import DEFAULT, LANGUAGES, Language, text

__all__ = ["language_of", "plain_page"]

_HTML_LANGUAGE = {"zh": "zh-Hans", "en": "en"}

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{name}</title>
<link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/look.css"></head>
<body class="a-door"><main><p class="a-door-name">{name}</p><h1>{title}</h1>{body}</main></body></html>
"""


def language_of(request: Request) -> Language:
    """The language the address asks for, else the browser."""
    for asked in (request.query_params.get("lang"), request.headers.get("accept-language", "")[:2]):
        if asked in LANGUAGES:
            return "zh" if asked == "zh" else "en"
    return DEFAULT


def plain_page(language: Language, title: str, body: str, *, status: int = 200) -> HTMLResponse:
    """A page of a title and HTML that is safe; no cache keeps it."""
    page = _PAGE.format(
        language=_HTML_LANGUAGE[language], name=escape(text("name", language)), title=escape(title), body=body
    )
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store"})
