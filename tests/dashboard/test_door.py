"""Who is turned away before a page is asked for: what a proxy passed on, and connections of other sites."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.entrance import Entrance
from dashboard.security import Door
from dashboard.server import _health
from store.database import Store

PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "x-real-ip")

LOCAL, PUBLIC = "http://localhost:8501", "https://assay.example.org"


async def page(_):
    return PlainTextResponse("in")


async def stream(socket):
    await socket.accept()
    await socket.send_text("in")
    await socket.close()


def client(public_host=None, url=LOCAL):
    routes = [Route("/", page), WebSocketRoute("/stream", stream)]
    app = Starlette(routes=routes, middleware=[Middleware(Door, public_host=public_host)])
    return TestClient(app, base_url=url)


def streamed(browser, **headers):
    with browser.websocket_connect("/stream", headers=headers) as socket:
        return socket.receive_text()


@pytest.mark.parametrize("header", PASSED_ON)
def test_what_a_proxy_passed_on_is_refused_by_a_server_for_this_machine(header):
    browser, headers = client(), {header: "203.0.113.9"}
    answer = browser.get("/", headers=headers)
    assert answer.status_code == 403
    assert answer.text.endswith("start it with assay dash --public URL, which asks everyone to sign in.\n")
    with pytest.raises(WebSocketDisconnect):
        streamed(browser, **headers)


@pytest.mark.parametrize("header", PASSED_ON)
def test_a_server_for_others_takes_what_its_proxy_passes_on(header):
    browser = client("assay.example.org", PUBLIC)
    assert browser.get("/", headers={header: "203.0.113.9"}).text == "in"
    assert streamed(browser, **{header: "203.0.113.9"}) == "in"


def test_whoever_sits_at_the_machine_is_let_in():
    for origin in (LOCAL, "http://127.0.0.1:8501", "http://[::1]:8501"):
        assert streamed(client(), Origin=origin) == "in"
    assert (client().get("/").text, streamed(client())) == ("in", "in")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://[", "https://assay.example.org.evil.example"]
)
def test_pages_of_other_sites_open_no_connection(origin):
    for browser in (client(), client("assay.example.org", PUBLIC)):
        with pytest.raises(WebSocketDisconnect):
            streamed(browser, Origin=origin)
    assert streamed(client("assay.example.org", PUBLIC), Origin=PUBLIC) == "in"


def test_the_health_route_names_the_file_to_this_machine_alone(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()

    def asked(host, public=None):
        app = Starlette(routes=[Route("/healthz", _health(store, Entrance(public)))])
        return TestClient(app, base_url=LOCAL).get("/healthz", headers={"Host": host}).json()

    for host in ("localhost:8501", "127.0.0.1", "[::1]:8501"):
        assert asked(host)["store"] == str(store.path)
    for host in ("evil.example:8501", "localhost.evil.example", "[", ""):
        assert asked(host) == {"status": "ok"}
    assert asked("localhost:8501", PUBLIC) == {"status": "ok"}
