"""The proxies of docs/deployment-https.md themselves, with the very lines that stand there."""

import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest

from store.database import Store
from store.invites import Wanted, invite
from tests.dashboard.proxy import certificate
from tests.evals.review.campaigns import make_campaign
from tests.store.people import COMMAND

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = Path(__file__).parents[2] / "docs" / "deployment-https.md"


class Place(NamedTuple):
    """Where a proxy listens, what it is told and what stands behind it."""

    port: int
    plain_port: int
    behind: int
    pem: Path
    folder: Path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def recipe(begin):
    """The block of the page that begins so."""
    blocks = re.findall(r"```\w*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [found] = [block for block in blocks if block.startswith(begin)]
    return found


def nginx(place):
    """Its command, with the page's lines for other ports, another name and another certificate."""
    changes = {
        "443 ssl": f"127.0.0.1:{place.port} ssl", "listen 80": f"listen 127.0.0.1:{place.plain_port}",
        "assay.example.org;": "localhost;", "/etc/ssl/assay.example.org.pem": str(place.pem),
        "/etc/ssl/assay.example.org.key": str(place.pem), "127.0.0.1:8501": f"127.0.0.1:{place.behind}",
    }  # fmt: skip
    told = recipe("map $http_upgrade")
    for old, new in changes.items():
        assert old in told, old
        told = told.replace(old, new)
    temporary = "".join(f"{name}_temp_path {place.folder}/{name};\n" for name in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
    around = (
        f"daemon off;\nuser root;\npid {place.folder}/pid;\nerror_log {place.folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log {place.folder}/access.log;\n{temporary}{told}}}\n"
    )
    (place.folder / "nginx.conf").write_text(around)
    return ["nginx", "-p", str(place.folder), "-e", str(place.folder / "error.log"), "-c", "nginx.conf"]


def caddy(place):
    """Likewise; the certificate is ours, since nobody signs one for localhost."""
    told = recipe("assay.example.org {").replace("127.0.0.1:8501", f"127.0.0.1:{place.behind}")
    told = told.replace("assay.example.org {", f"https://localhost:{place.port} {{\n    tls {place.pem} {place.pem}")
    (place.folder / "Caddyfile").write_text(
        f"{{\n    admin off\n    auto_https disable_redirects\n    storage file_system {place.folder}/kept\n}}\n{told}"
    )
    return ["caddy", "run", "--config", str(place.folder / "Caddyfile"), "--adapter", "caddyfile"]


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_an_expert_comes_through_the_proxy_as_the_page_has_it(tmp_path, browser, dash, proxy):
    if shutil.which(proxy.__name__) is None:
        pytest.skip(f"{proxy.__name__} is not installed")
    store = Store.at(tmp_path / "runs" / "assay.duckdb")
    store.create()
    number = make_campaign(store, graders=0).campaign
    place = Place(free_port(), free_port(), free_port(), certificate(tmp_path), tmp_path)
    url = f"https://localhost:{place.port}"
    made = invite(store, COMMAND, Wanted("Dr Wang", str(number)))
    command = dash(store.path, "--port", str(place.behind), "--public", url)
    with (
        (tmp_path / "proxy.log").open("w") as log,
        subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as server,
        subprocess.Popen(proxy(place), cwd=tmp_path, stderr=log, stdout=log) as standing,
    ):
        try:
            wait_for(f"{url}/healthz")
            visit(browser, url, made)
        finally:
            for process in (standing, server):
                process.terminate()
    logged = "".join(file.read_text(errors="replace") for file in tmp_path.glob("*.log"))
    assert made.code not in logged


def wait_for(url):
    trusting = ssl._create_unverified_context()
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=10, context=trusting) as answer:
                assert answer.read() == b'{"status":"ok"}'
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def visit(browser, url, made):
    """By the link and the PIN into the first pair, which needs the WebSocket."""
    context = browser.new_context(ignore_https_errors=True, locale="en-US")
    page = context.new_page()
    page.goto(f"{url}/invite/{made.code}")
    page.get_by_label("PIN").fill(made.pin)
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("button", name="Begin").click(timeout=60_000)
    page.locator(".rv-asked").wait_for(timeout=60_000)
    [cookie] = [one for one in context.cookies(url) if one["name"] == "__Host-assay"]
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
    page.goto(f"{url}/runs")
    page.wait_for_url(f"{url}/review*")
    context.close()
