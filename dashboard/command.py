"""`assay dash`: serve the dashboard on this machine."""

import os
import sys
import threading
import webbrowser

import click

from store.commands.common import notes, open_store, store_option

__all__ = ["dash"]


@click.command()
@store_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8501,
    show_default=True,
    help="Port to listen on; 0 for any free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def dash(store: str | None, port: int, host: str, no_browser: bool) -> None:
    """Serve the dashboard."""
    from dashboard.server import bind, serve  # noqa: PLC0415 - `assay dash --help` need not load Streamlit

    opened = open_store(store)
    listener = bind(host, port)
    url = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    notes.print(f"Assay dashboard: {url}")
    notes.print(f"Store: {opened.path}")
    if host not in ("127.0.0.1", "localhost", "::1"):
        notes.print("Everyone who reaches this address can read the store.")
    if not no_browser and _has_screen():
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    serve(opened, listener, host)


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _has_screen() -> bool:
    # Without one, Python would start a text browser in this terminal.
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
