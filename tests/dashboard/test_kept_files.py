"""Streamlit's own files, from memory: what they are, how they are sent, and what is left to Streamlit."""

import asyncio
import gzip
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard import kept_files
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


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip;q=0", False), ("br, gzip; q=0.000", False), ("gzip;q=0.05", True), ("GZIP", True),
        ("br;q=0, gzip", True), ("x-gzip-not", False), ("", False),
    ],
)  # fmt: skip
def test_it_is_packed_for_those_who_take_it_so(browser, accepted, is_packed):
    answer = browser.get(f"/static/js/{SCRIPT.name}", headers={"Accept-Encoding": accepted})
    assert (answer.content, "content-encoding" in answer.headers) == (SCRIPT.read_bytes(), is_packed)


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_who_has_a_file_already_is_told_so(browser, accepted):
    path, asked = f"/static/js/{SCRIPT.name}", {"Accept-Encoding": accepted}
    first = browser.get(path, headers=asked)
    tag = first.headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = browser.get(path, headers={**asked, "If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert "content-encoding" not in again.headers
    assert browser.get(path, headers={**asked, "If-None-Match": '"other"'}).status_code == 200


def test_a_tag_is_of_one_file_as_it_is_sent(browser):
    files = [f"/static/js/{SCRIPT.name}", f"/static/media/{FONT.name}"]
    asked = [(path, accepted) for path in files for accepted in ("gzip", "identity")]
    tags = [browser.get(path, headers={"Accept-Encoding": accepted}).headers["etag"] for path, accepted in asked]
    # A font is sent in one form.
    assert (len(set(tags)), tags[2] == tags[3]) == (3, True)


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_vega_keeps_little_of_what_it_no_longer_draws(browser, accepted):
    [vega] = STATIC.glob("js/embed.*.js")
    sent = browser.get(f"/static/js/{vega.name}", headers={"Accept-Encoding": accepted}).content
    before, after = b"cleanThreshold:1e4", b"cleanThreshold:1e1"
    was = vega.read_bytes()
    assert (was.count(before), was.count(after)) == (1, 0), "Streamlit's Vega calls it otherwise"
    assert sent == was.replace(before, after)


def test_nobody_waits_while_a_script_is_packed(browser, monkeypatch):
    packed = []

    def compress(content, **options):
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        packed.append(len(content))
        return gzip.compress(content, **options)

    monkeypatch.setattr(kept_files, "_kept", {})
    monkeypatch.setattr(kept_files, "gzip", SimpleNamespace(compress=compress))
    for _ in range(2):
        assert browser.get(f"/static/js/{SCRIPT.name}", headers={"Accept-Encoding": "gzip"}).status_code == 200
    assert packed == [SCRIPT.stat().st_size]


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
