"""A webhook on this machine for the tests of alerts: it keeps what it is sent and answers what it is told to."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple

TOKEN = "qwerty-secret-token-wxyz"
"""What is secret in its address."""


class Answer(NamedTuple):
    """What it says to one request."""

    status: int = 200
    body: str = "ok"
    headers: Mapping[str, str] = MappingProxyType({})
    hangs: bool = False


class Hook:
    """The server, and what came."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}/hook?key={TOKEN}"
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.answers: deque[Answer] = deque()
        self.otherwise = Answer()
        self.came = threading.Semaphore(0)
        self.let_go = threading.Event()

    def wait(self, count: int = 1) -> None:
        """Until so many more requests have come."""
        for _ in range(count):
            assert self.came.acquire(timeout=60), "no request came"


@contextmanager
def webhook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            hook.bodies.append(json.loads(data))
            hook.paths.append(self.path)
            hook.headers.append(dict(self.headers))
            answer = hook.answers.popleft() if hook.answers else hook.otherwise
            hook.came.release()
            if answer.hangs:
                hook.let_go.wait(60)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body.encode())

        def do_GET(self) -> None:
            hook.paths.append(f"GET {self.path}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Hook(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hook
    finally:
        hook.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
