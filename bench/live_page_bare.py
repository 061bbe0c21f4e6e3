"""A browser whose network nobody watches: when a person sees something, by the page's own clock.

Playwright is told of each request of a page, and a first view makes more than a hundred: on two cores that takes half
a second which no viewer waits for. This browser has been open for a while and empty, as a person's is, is told one
address, and is asked in the end when something was first drawn.
"""

import json
import subprocess
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from bench.common import temp_folder
from bench.live_page_browser import CHROMIUM, SIZE

__all__ = ["seen_after"]

STARTED = 2.0
"""Seconds after which a browser has done with its own start."""

LIMIT = 30.0
"""Seconds of waiting for something to be seen."""

_WATCH = """
(() => {
    const wanted = %s;
    window.firstSeen = {};
    const look = () => {
        for (const what of wanted) {
            const width = document.querySelector(what)?.getBoundingClientRect().width;
            if (width) window.firstSeen[what] ??= performance.now();
        }
        if (Object.keys(window.firstSeen).length < wanted.length) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()
"""
"""Looks before each frame is drawn."""


def seen_after(url: str, *wanted: str) -> list[float]:
    """Seconds from asking for an address until each of some selectors is seen, in a browser that was never there.

    Raises TimeoutError where one is not within half a minute.
    """
    with _browser() as devtools:
        _call(devtools, "Page.enable")
        _call(devtools, "Page.addScriptToEvaluateOnNewDocument", source=_WATCH % json.dumps(wanted))
        began = time.time()
        _call(devtools, "Page.navigate", url=url)
        origin, seen = _seen(devtools, len(wanted))
        return [origin - began + seen[what] / 1e3 for what in wanted]


@contextmanager
def _browser() -> Generator[ClientConnection]:
    with temp_folder() as profile:
        options = ("--headless=new", "--no-sandbox", "--no-first-run", "--disable-background-networking")
        size = f"--window-size={SIZE['width']},{SIZE['height']}"
        command = [CHROMIUM, *options, size, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port = _port(Path(profile) / "DevToolsActivePort")
            time.sleep(STARTED)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
                page = next(item for item in json.load(answer) if item["type"] == "page")
            with connect(page["webSocketDebuggerUrl"], max_size=None) as devtools:
                yield devtools
        finally:
            process.terminate()
            process.wait(timeout=30)


def _port(file: Path) -> int:
    deadline = time.monotonic() + LIMIT
    while not (file.exists() and (lines := file.read_text(encoding="utf-8").splitlines())):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{CHROMIUM} does not begin to listen")
        time.sleep(0.05)
    return int(lines[0])


def _call(devtools: ClientConnection, method: str, **parameters: Any) -> dict[str, Any]:
    devtools.send(json.dumps({"id": 1, "method": method, "params": parameters}))
    while True:
        answer: dict[str, Any] = json.loads(devtools.recv(timeout=LIMIT))
        if answer.get("id") == 1:
            return answer["result"]


def _seen(devtools: ClientConnection, count: int) -> tuple[float, dict[str, float]]:
    """When the page began, in seconds since 1970, and milliseconds after which each was seen; asked for seldom, as
    each question is work for the page.
    """
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        time.sleep(3.0)
        asked = "JSON.stringify([performance.timeOrigin / 1e3, window.firstSeen])"
        origin, seen = json.loads(_call(devtools, "Runtime.evaluate", expression=asked)["result"]["value"])
        if len(seen) == count:
            return origin, seen
    raise TimeoutError(f"only {list(seen)} was seen within {LIMIT:.0f} s")
