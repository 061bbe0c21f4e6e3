"""The server as a process: what it answers, what its headers forbid, how it begins and ends."""

import asyncio
import base64
import hashlib
import re
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest
import streamlit
from click.testing import CliRunner
from streamlit import config

from assay.errors import AssayError
from assay.version import VERSION
from dashboard.assets import PARTS, html_page, parts, style_sheet, styles
from dashboard.colors import DARK, LIGHT
from dashboard.command import dash
from dashboard.security import content_security_policy
from dashboard.server import bind
from dashboard.settings import apply_settings, options
from store.database import Statement, Store


@pytest.fixture(scope="module")
def server(tmp_path_factory, serve):
    # A folder whose names are those of our packages and modules, as a user's may be.
    folder = tmp_path_factory.mktemp("from")
    for name in ("store", "trainer", "texts", "settings", "charts"):
        (folder / f"{name}.py").write_text("raise RuntimeError('the wrong module')\n")
    root = tmp_path_factory.mktemp("served")
    with serve(root, folder) as found:
        yield found, root


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.headers, answer.read().decode()


def test_the_health_route_says_which_store_and_version(server, ask_health):
    (url, _), root = server
    assert ask_health(url) == {"status": "ok", "store": str(root / "assay.duckdb"), "version": VERSION}


def test_the_store_is_made_where_there_is_none(server):
    assert (server[1] / "assay.duckdb").exists()


@pytest.mark.parametrize("path", ["/", "/run", "/runs", "/healthz", "/look.css", "/_stcore/health", "/anything"])
def test_every_answer_carries_the_headers(server, path):
    headers, _ = get(server[0].url + path)
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    assert not re.search(r"https?:|\*", headers["Content-Security-Policy"])
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_policy_holds_the_hash_of_each_inline_script():
    policy = content_security_policy("<script>let a = 1</script><script src='x'></script>")
    digest = base64.b64encode(hashlib.sha256(b"let a = 1").digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy


def test_the_page_comes_in_the_language_of_the_address_then_of_the_browser(server):
    url = server[0].url
    assert '<html lang="zh-Hans">' in get(f"{url}/run?lang=zh")[1]
    assert '<html lang="zh-Hans">' in get(url, **{"Accept-Language": "zh-CN,zh;q=0.9"})[1]
    assert '<html lang="en">' in get(f"{url}/?lang=en", **{"Accept-Language": "zh-CN"})[1]
    assert "<title>Assay 试金</title>" in html_page()


@pytest.mark.parametrize("page", list(PARTS))
def test_a_page_asks_at_once_for_all_that_it_shows_first(page):
    found, folder = parts(page), Path(streamlit.__file__).parent / "static"
    assert [sum(name.startswith(f"{part}.") for name in found) for part in PARTS[page]] == [1] * len(PARTS[page])
    assert len(set(found)) == len(found)
    first = (folder / "index.html").read_text(encoding="utf-8")
    assert [name for name in found if name in first or not (folder / "static" / "js" / name).is_file()] == []
    links = re.findall(r'<link rel="modulepreload" crossorigin href="./static/js/([^"]+)">', html_page("en", page))
    assert links[-len(found) :] == found


def test_the_table_s_style_sheet_comes_with_the_page():
    assert [name.split(".")[0] for name in styles("runs")] == ["DataFrame"]
    assert f'<link rel="stylesheet" crossorigin href="./static/css/{styles("runs")[0]}">' in html_page("en", "runs")
    assert styles("home") == styles("") == []


def test_a_page_with_nothing_of_its_own_asks_for_what_streamlit_does():
    assert parts("") == []
    assert len(html_page("en", "")) < len(html_page("en", "run"))


def test_the_style_sheet_knows_both_themes(server):
    _, body = get(f"{server[0].url}/look.css")
    assert body == style_sheet()
    assert f"--accent: {LIGHT.accent}" in body
    assert f"--accent: {DARK.accent}" in body


def test_no_answer_waits_for_the_browser_to_acknowledge_its_beginning():
    async def accepted(listener):
        found = asyncio.get_running_loop().create_future()

        async def come(_, writer):
            found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(come, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            delayed_never = await found
            writer.close()
        return delayed_never

    assert asyncio.run(accepted(bind("127.0.0.1", 0))) != 0


def test_files_of_streamlit_come_packed_with_the_headers_of_every_answer(server):
    name = parts("run")[0]
    headers, _ = get(f"{server[0].url}/static/js/{name}", **{"Accept-Encoding": "identity"})
    assert headers["Cache-Control"] == "public, immutable, max-age=31536000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    asked = urllib.request.Request(f"{server[0].url}/static/js/{name}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_port_in_use_is_one_sentence_and_exit_2(tmp_path, dash):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(dash(tmp_path, "--port", port), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith(f"assay: cannot listen on 127.0.0.1:{port} (Address already in use)")
    assert "Traceback" not in done.stderr


def test_a_place_that_cannot_hold_a_store_is_one_sentence_and_exit_2(tmp_path, dash):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "runs"
    done = subprocess.run(dash(place, "--port", "0"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"assay: cannot make {place}")


def test_ctrl_c_ends_it_cleanly(tmp_path, serve):
    with serve(tmp_path / "runs", tmp_path) as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stderr
        assert "Traceback" not in process.stderr.read()


def test_the_settings_hold_above_files_and_variables(monkeypatch, tmp_path):
    (tmp_path / ".streamlit").mkdir()
    written = '[browser]\ngatherUsageStats = true\n[theme]\nfont = "serif"\n'
    (tmp_path / ".streamlit" / "config.toml").write_text(written)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STREAMLIT_CLIENT_SHOW_ERROR_DETAILS", "full")
    apply_settings("127.0.0.1", 8501)
    try:
        assert {name: config.get_option(name) for name in options("127.0.0.1", 8501)} == options("127.0.0.1", 8501)
        assert config.get_option("browser.gatherUsageStats") is False
        assert config.get_option("client.showErrorDetails") == "none"
    finally:
        config.get_config_options(force_reparse=True)


def test_a_foreign_host_may_not_open_a_connection():
    assert "example.com" not in options("127.0.0.1", 1)["server.allowedHosts"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::"])
def test_an_address_that_others_can_reach_is_refused_while_there_is_no_login(tmp_path, host):
    result = CliRunner().invoke(dash, ["--host", host, "--store", str(tmp_path)])
    assert isinstance(result.exception, AssayError)
    assert "has no login" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_read_is_said_before_anything_is_served(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    store.transact([Statement("UPDATE meta SET version = 99")])
    result = CliRunner().invoke(dash, ["--port", "0", "--no-browser", "--store", str(tmp_path)])
    assert isinstance(result.exception, AssayError)
    assert "schema 99" in str(result.exception)
