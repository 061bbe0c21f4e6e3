"""TLS in front of a server: by a proxy of our own, and by those of docs/serve.md with the very lines it has."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dashboard.proxy import Proxy, certificate
from tests.store.serve.serving import (
    as_json,
    assay,
    environment,
    free_port,
    one_sentence,
    recorded,
    steps_of,
    wait_until,
)

PAGE = Path(__file__).parents[3] / "docs" / "serve.md"


def recipe(begin):
    """The block of the page that begins so."""
    blocks = re.findall(r"```\w*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [found] = [block for block in blocks if block.startswith(begin)]
    return found


def nginx(folder, pem, port, behind):
    changes = {
        "443 ssl": f"127.0.0.1:{port} ssl", "assay.example.org;": "localhost;",
        "/etc/ssl/assay.example.org.pem": str(pem), "/etc/ssl/assay.example.org.key": str(pem),
        "127.0.0.1:9494": f"127.0.0.1:{behind}",
    }  # fmt: skip
    told = recipe("server {")
    for old, new in changes.items():
        assert old in told, old
        told = told.replace(old, new)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off;\nuser root;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log {folder}/access.log;\n{temporary}{told}}}\n"
    )
    return ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", "nginx.conf"]


def caddy(folder, pem, port, behind):
    told = recipe("assay.example.org {").replace("127.0.0.1:9494", f"127.0.0.1:{behind}")
    told = told.replace("assay.example.org {", f"https://localhost:{port} {{\n    tls {pem} {pem}")
    (folder / "Caddyfile").write_text(
        f"{{\n    admin off\n    auto_https disable_redirects\n    storage file_system {folder}/kept\n}}\n{told}"
    )
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def through(served, folder, address, pem):
    """A run goes through the proxy and is read through it; a stranger's certificate is refused."""
    trusting = {"SSL_CERT_FILE": str(pem), "ASSAY_TLS": "1"}
    recorded(folder, "demo", 30)
    inbox = {"ASSAY_TOKEN": served.token("inbox"), **trusting}
    sent = assay("deliver", "demo", "--to", address, folder=folder, **inbox)
    assert (sent.returncode, sent.stderr) == (0, "")
    wait_until(lambda: steps_of(served.store, "demo") == list(range(1, 31)))
    token = served.token("read")
    read = assay("runs", "ls", "--json", "--store", address, folder=folder, ASSAY_TOKEN=token, **trusting)
    assert [run["run"] for run in as_json(read)] == ["demo"]
    refused = assay("runs", "ls", "--store", address, folder=folder, ASSAY_TOKEN=token, ASSAY_TLS="1")
    assert refused.returncode == 2
    assert f"the certificate of {address} cannot be trusted" in one_sentence(refused.stderr)


def test_a_proxy_speaks_tls_and_its_certificate_is_checked(tmp_path, served):
    folder = tmp_path / "trainer"
    folder.mkdir()
    proxy = Proxy(tmp_path)
    proxy.start(served.port)
    try:
        through(served, folder, proxy.url.replace("https://", "quack://"), tmp_path / "proxy.pem")
    finally:
        proxy.stop()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [nginx, caddy])
def test_the_proxies_of_the_page(tmp_path, served, kind):
    if shutil.which(kind.__name__) is None:
        pytest.skip(f"{kind.__name__} is not installed")
    folder, port, pem = tmp_path / "trainer", free_port(), certificate(tmp_path)
    folder.mkdir()
    with (
        (tmp_path / "proxy.log").open("w") as log,
        subprocess.Popen(kind(tmp_path, pem, port, served.port), cwd=tmp_path, stdout=log, stderr=log) as standing,
    ):
        try:
            wait_until(lambda: is_up(port))
            through(served, folder, f"quack://localhost:{port}", pem)
        finally:
            standing.terminate()


def is_up(port):
    code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
    return subprocess.run([sys.executable, "-c", code], env=environment(), stderr=subprocess.DEVNULL).returncode == 0
