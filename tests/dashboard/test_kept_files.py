"""Streamlit's own files, from memory: what they are, how they are sent, and what is left to Streamlit."""

import gzip
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.kept_files import KeptFiles

STATIC = Path(streamlit.__file__).parent / "static" / "static"
SCRIPT = next(STATIC.glob("js/index.*.js"))
FONT = next(STATIC.glob("media/*.woff2"))


@pytest.fixture
def browser():
    async def passed_on(request):
        return PlainTextResponse(f"{request.method} passed on")

    everything = Route("/{path:path}", passed_on, methods=["GET", "HEAD", "POST"])
    return TestClient(Starlette(routes=[everything], middleware=[Middleware(KeptFiles)]))


def test_a_script_is_sent_packed_and_kept_for_good(browser):
    answer = browser.get(f"/static/js/{SCRIPT.name}", headers={"Accept-Encoding": "gzip, deflate, br"})
    assert answer.content == SCRIPT.read_bytes()
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "public, immutable, max-age=31536000"
    assert answer.headers["content-type"].split(";")[0] in ("text/javascript", "application/javascript")
    assert int(answer.headers["content-length"]) == len(gzip.compress(SCRIPT.read_bytes()))


def test_who_cannot_unpack_gets_it_as_it_is(browser):
    answer = browser.get(f"/static/js/{SCRIPT.name}", headers={"Accept-Encoding": "identity"})
    assert (answer.content, "content-encoding" in answer.headers) == (SCRIPT.read_bytes(), False)
    assert int(answer.headers["content-length"]) == SCRIPT.stat().st_size


def test_a_font_is_packed_already(browser):
    answer = browser.get(f"/static/media/{FONT.name}", headers={"Accept-Encoding": "gzip"})
    assert (answer.content, answer.headers["content-type"]) == (FONT.read_bytes(), "font/woff2")
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/", "/static/js/nothing.js", "/static/", "/static/js", "/static/%2e%2e/index.html", "/static//etc/passwd"]
)
def test_what_is_no_file_of_streamlit_is_passed_on(browser, path):
    assert browser.get(path).text == "GET passed on"


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_only_whole_files_are_answered_for(browser, method):
    path = f"/static/js/{SCRIPT.name}"
    assert browser.get(path, headers={"Range": "bytes=0-9"}).text == "GET passed on"
    assert browser.request(method, path).headers["content-type"].startswith("text/plain")
