"""`assay dash`: serve the dashboard on this machine."""

import os
import signal
import sys
import threading
import webbrowser

import click

from assay.errors import AssayError
from store.commands.common import notes, open_store, store_option

__all__ = ["dash"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@store_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8501,
    show_default=True,
    help="Port to listen on; 0 for any free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--until-stdin-ends", is_flag=True, hidden=True, help="End with the program that started this one.")
def dash(store: str | None, port: int, host: str, no_browser: bool, until_stdin_ends: bool) -> None:
    """Serve the dashboard."""
    from dashboard.server import bind, serve  # noqa: PLC0415 - `assay dash --help` need not load Streamlit

    if host not in LOOPBACK:
        raise AssayError(
            f"{host} can be reached from other machines, and the dashboard has no login; "
            f"leave --host out, and reach it from elsewhere through an SSH tunnel (ssh -L {port}:127.0.0.1:{port})"
        )
    opened = open_store(store)
    if opened.exists:
        opened.read("SELECT 1")
    listener = bind(host, port)
    url = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    notes.print(f"Assay dashboard: {url}")
    notes.print(f"Store: {opened.path}")
    if not no_browser and _has_screen():
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    if until_stdin_ends:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    serve(opened, listener, host)


def _end_with_stdin() -> None:
    # However the program at its other end dies, SIGKILL too, the system closes the pipe.
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGTERM)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _has_screen() -> bool:
    # Without one, Python would start a text browser in this terminal.
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
