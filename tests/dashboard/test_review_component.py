"""The script and style of the Review page: found, registered, complete; Streamlit's windows about errors are off."""

import re
from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard.host_config import HostConfig
from dashboard.pages import page_path
from dashboard.texts import TEXTS
from tests.evals.review.campaigns import make_campaign

HERE = Path(dashboard.__file__).parent
SCRIPTS = sorted((HERE / "static" / "review").glob("*.js"))


def test_the_page_is_drawn_by_our_script_from_our_files(monkeypatch, empty_store):
    make_campaign(empty_store)
    for _ in range(2):  # of two processes each registers it once
        st.cache_data.clear()
        monkeypatch.setenv("ASSAY_STORE", str(empty_store.path))
        app = AppTest.from_file(str(HERE / "app.py"), default_timeout=30)
        app.switch_page(page_path("review"))
        app.run()
        assert not app.exception
        drawn = [part.proto for part in app.main if getattr(part.proto, "component_name", "") == "assay.review"]
        assert [(part.js_source_path, part.css_source_path) for part in drawn] == [("review.js", "review.css")]
        assert [(part.js_content, part.css_content, part.html_content) for part in drawn] == [("", "", "")]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_imports_only_its_neighbours_and_calls_nowhere(path):
    code = path.read_text(encoding="utf-8")
    imported = re.findall(r'from "([^"]+)"', code)
    assert [name for name in imported if not (path.parent / name).is_file()] == []
    assert re.findall(r"\b(fetch|XMLHttpRequest|WebSocket|sendBeacon|eval|Function)\b\s*\(", code) == []
    assert len(code.splitlines()) <= 400


def test_markup_is_taken_from_the_server_in_two_places_and_words_are_text():
    code = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    assert re.findall(r"innerHTML = (\S+);", code) == ["text.html", "value"]
    assert re.findall(r"html: (\S+)[ ,}]", code) == ["data.instructions.html"]


def test_every_word_that_the_script_asks_for_is_in_the_table():
    code = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    asked = set(re.findall(r"\bwords\.([a-z_]+)", code))
    there = {key.removeprefix("review.desk.") for key in TEXTS if key.startswith("review.desk.")}
    assert asked - there == set()
    assert there - asked == set()


def test_streamlit_is_told_to_show_no_windows_about_errors():
    app = Starlette(routes=[Route("/other", lambda _: PlainTextResponse("theirs"))])
    app.add_middleware(HostConfig)
    client = TestClient(app)
    assert client.get("/_stcore/host-config").json()["blockErrorDialogs"] is True
    assert client.get("/other").text == "theirs"
