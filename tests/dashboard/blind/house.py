"""Servers of the twins, with a provider of logins, each in a process of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.dashboard.blind.twins import Twin

__all__ = ["House", "free_port", "provider", "serving"]

_PROGRAM = Path(__file__).with_name("hooked.py")


class House:
    """A twin that is served."""

    def __init__(self, url: str, twin: Twin, orders: Path) -> None:
        """`orders`: the file by which `hooked` is told what to do; the server's log is beside it."""
        self.url, self.twin, self.store, self.orders = url, twin, twin.store, orders

    def order(self, word: str) -> None:
        """Say what the server is to do from the next pair on; empty: nothing odd."""
        self.orders.write_text(word)

    @property
    def tokens(self) -> list[str]:
        """Of all pairs leased, in their order, then backwards: so a visit puts another one in its place."""
        rows = self.store.rows("SELECT token FROM lease WHERE grader = 1 ORDER BY issued, token")
        found = [row["token"] for row in rows]
        return [*found, *(token[::-1] for token in found)]


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def provider(port: int) -> Iterator[str]:
    """A provider of OpenID Connect that knows everyone by the name they type."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-H", "localhost", "-p", str(port)],
        stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"http://localhost:{port}/.well-known/openid-configuration")
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def serving(twin: Twin, issuer: str, folder: Path) -> Iterator[House]:
    """Serve a twin to others, with logins, until the context ends."""
    port, settings, orders = free_port(), folder / "oidc.toml", folder / "orders"
    settings.write_text(
        f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\nclient_id = "assay"\n'
        'client_secret = "secret"\n'
    )
    settings.chmod(0o600)
    orders.write_text("")
    url = f"http://localhost:{port}"
    command = [sys.executable, str(_PROGRAM), "dash", "--store", str(twin.store.root), "--no-browser"]
    log = (folder / "server.log").open("w")
    process = subprocess.Popen(
        [*command, "--port", str(port), "--public", url, "--oidc", str(settings)],
        cwd=folder, stderr=log, stdout=log, env={**os.environ, "BLIND_ORDERS": str(orders)},
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz", host=f"localhost:{port}")
        yield House(url, twin, orders)
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _wait_for(url: str, host: str = "") -> None:
    for _ in range(600):
        try:
            request = urllib.request.Request(url, headers={"Host": host} if host else {})
            with urllib.request.urlopen(request, timeout=10):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")
