"""All that passes between a browser and its server, and all that the browser keeps and shows."""

import json
from typing import Any, NamedTuple

from tests.dashboard.blind.canaries import Seen

__all__ = ["Recorder", "Socket"]

_SHOWN = """() => {
    const all = [document.title];
    const into = root => {
        all.push(root.documentElement ? root.documentElement.outerHTML : root.innerHTML);
        for (const node of root.querySelectorAll('*')) {
            if (node.shadowRoot) into(node.shadowRoot);
            if ('value' in node) all.push(String(node.value));
        }
    };
    into(document);
    for (const kept of [localStorage, sessionStorage]) all.push(JSON.stringify({...kept}));
    all.push(document.cookie, location.href, JSON.stringify(history.state));
    return all.map(each => String(each));
}"""


_ASSETS: set[str] = set()
"""Streamlit's own files, the same for everyone: those that have been read by any recorder."""


class Socket(NamedTuple):
    """One connection of Streamlit's."""

    order: str
    """What the server was told to do when it was opened."""

    received: list[bytes]
    """What the server said, message by message."""


class Recorder:
    """Of every page of a browser's context, from now on."""

    def __init__(self, context: Any, url: str) -> None:
        """`url` is the server's; what the provider of logins says is not ours."""
        self.seen: list[Seen] = []
        self.sockets: list[Socket] = []
        self.order = ""
        self.wrong: list[str] = []
        self._context, self._url = context, url
        context.on("page", self._follow)
        context.on("requestfinished", self._finished)
        context.on("requestfailed", lambda asked: self._keep("request failed", asked.url))
        context.on("console", lambda said: self._keep("console", said.text))
        context.on("weberror", lambda error: self.wrong.append(str(error.error)))

    def look(self, page: Any) -> None:
        """Keep what the page shows now, what the browser stores, and its cookies."""
        for shown in page.evaluate(_SHOWN):
            self._keep("page", shown)
        self._keep("cookies", json.dumps(self._context.cookies()))

    def ask(self, path: str) -> str:
        """Ask for something without a page, and keep the answer."""
        answer = self._context.request.get(f"{self._url}{path}")
        self._keep(f"headers of {path}", json.dumps(answer.headers))
        self._keep(f"body of {path}", answer.text())
        return answer.text()

    def _keep(self, where: str, data: str | bytes) -> None:
        self.seen.append(Seen(where, data.encode() if isinstance(data, str) else data))

    def _follow(self, page: Any) -> None:
        page.on("websocket", self._listen)

    def _listen(self, socket: Any) -> None:
        made = Socket(self.order, [])
        self.sockets.append(made)
        self._keep("address of a socket", socket.url)

        def received(frame: str | bytes) -> None:
            data = frame.encode() if isinstance(frame, str) else frame
            made.received.append(data)
            self._keep("frame received", data)

        socket.on("framereceived", received)
        socket.on("framesent", lambda frame: self._keep("frame sent", frame))

    def _finished(self, request: Any) -> None:
        path = request.url.removeprefix(self._url)
        if not request.url.startswith(self._url) or path in _ASSETS:
            return
        answer = request.response()
        self._keep(f"address of {path}", request.url)
        self._keep(f"headers to {path}", json.dumps(request.all_headers()))
        self._keep(f"headers of {path}", json.dumps(answer.headers_array()))
        if request.post_data_buffer:
            self._keep(f"body to {path}", request.post_data_buffer)
        if not 300 <= answer.status < 400:
            self._keep(f"body of {path}", answer.body())
        if path.startswith("/static/"):
            _ASSETS.add(path)
