"""`assay dash`: serve the dashboard on this machine."""

import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit

import click

from assay.errors import AssayError
from assay.locate import server_address
from dashboard.entrance import Entrance
from dashboard.oidc import read_oidc
from dashboard.security import LOOPBACK
from store.commands.common import notes, open_store, store_option
from store.database import Store
from store.invites import can_enter

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
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; beyond loopback with --public alone."
)
@click.option("--public", metavar="URL", help="Serve others, after login: the https address a proxy gives it.")
@click.option(
    "--oidc", type=click.Path(path_type=Path), metavar="FILE.toml",
    help="Provider of logins: server_metadata_url, client_id, client_secret.",
)  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--until-stdin-ends", is_flag=True, hidden=True, help="End with the program that started this one.")
def dash(
    store: str | None, port: int, host: str, *, public: str | None, oidc: Path | None, no_browser: bool,
    until_stdin_ends: bool,
) -> None:  # fmt: skip
    """Serve the dashboard."""
    from dashboard.server import bind, serve  # noqa: PLC0415 - `assay dash --help` need not load Streamlit

    if host not in LOOPBACK and public is None:
        raise AssayError(
            f"{host} can be reached from other machines, and without --public the dashboard has no login; leave "
            f"--host out, and reach it from elsewhere through an SSH tunnel (ssh -L {port}:127.0.0.1:{port})"
        )
    way, provider = _way_in(public, oidc)
    opened = open_store(store, served=True)
    if public is not None and server_address(opened.shown):
        raise AssayError("a dashboard that others reach runs where the store is: on the machine of `assay serve`")
    if opened.exists:
        opened.read("SELECT 1")
    if way.public:
        _require_someone(opened, way)
    listener = bind(host, port)
    url = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    notes.print(f"Assay dashboard: {url}")
    notes.print(f"Store: {opened.shown}")
    if way.public:
        notes.print(f"For others: {way.public}")
    if not no_browser and _has_screen():
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    if until_stdin_ends:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    serve(opened, listener, host, way, provider)


def _way_in(public: str | None, oidc: Path | None) -> tuple[Entrance, dict[str, str] | None]:
    if public is None:
        if oidc is not None:
            raise AssayError("--oidc is for a server that others reach; give its address with --public URL")
        return Entrance(), None
    provider = read_oidc(oidc) if oidc else None
    return Entrance(_origin(public), provider is not None), provider


def _origin(public: str) -> str:
    parts = urlsplit(public)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise AssayError(f"{public} is no address; give --public like https://assay.example.org")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise AssayError(
            f"{public} would send logins in the clear; put a proxy with TLS in front and give its https address "
            "(docs/deployment-https.md)"
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise AssayError(f"{public} names a path; give the dashboard a host of its own, such as assay.example.org")
    # As browsers write origins.
    return f"{parts.scheme}://{parts.netloc.lower()}".removesuffix(":443" if parts.scheme == "https" else ":80")


def _require_someone(store: Store, way: Entrance) -> None:
    if store.exists and can_enter(store, oidc=way.oidc):
        return
    add = "add a person (assay user add NAME --role admin --oidc ISSUER SUBJECT)"
    raise AssayError(
        f"nobody could sign in: {add}, or invite one (assay user invite --name NAME --campaign CAMPAIGN)"
        if way.oidc
        else f"nobody could sign in: set up logins with --oidc FILE and {add}, or invite someone "
        "(assay user invite --name NAME --campaign CAMPAIGN)"
    )


def _end_with_stdin() -> None:
    # However the program at its other end dies, SIGKILL too, the system closes the pipe.
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGTERM)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _has_screen() -> bool:
    # Without one, Python would start a text browser in this terminal.
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
