"""The web server: Streamlit's app under uvicorn, with our headers, a health route and the loader of spools."""

import gc
import os
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from streamlit.starlette import App

from assay.errors import AssayError
from assay.version import VERSION
from dashboard.assets import asset_routes, html_page
from dashboard.data_checks import checking
from dashboard.entrance import Entrance, open_by
from dashboard.host_config import HostConfig
from dashboard.invite_route import invite_routes
from dashboard.kept_files import KeptFiles
from dashboard.loading import loading
from dashboard.oidc import auth_section
from dashboard.security import Door, SecurityHeaders, content_security_policy, is_loopback
from dashboard.settings import apply_settings
from store.database import Store
from store.errors import StoreError
from store.heap import few_arenas, giving_back

__all__ = ["bind", "build_app", "serve"]

_SCRIPT = Path(__file__).parent / "app.py"
_HERE = Entrance()

GIVE_BACK_SECONDS = 60.0
"""Between two times that memory which lies free is given back."""


def bind(host: str, port: int) -> socket.socket:
    """Take a port of an address, any free one for 0. Raises AssayError where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio would not know what it accepts for it and leave Nagle's algorithm on: each answer in two
    # parts then waits 40 ms for the browser to acknowledge the first one.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name != "nt":
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        reason = f"cannot listen on {host}:{port} ({error.strerror})"
        raise AssayError(f"{reason}; choose another with --port, or --port 0 for any free one") from error
    return taken


def build_app(store: Store, host: str, port: int, way: Entrance = _HERE, provider: dict[str, str] | None = None) -> App:
    """The app of one store, for one process: Streamlit keeps its settings and runtime process-wide.

    `way` says how it is entered; `provider` of logins is there where `way.oidc` says so. Raises StoreError.
    """
    # Pages find the store the way every command does.
    os.environ["ASSAY_STORE"] = store.shown
    # Streamlit puts the script's folder first on the path unless it is on it: last, it shadows nothing.
    sys.path.append(str(_SCRIPT.parent))
    apply_settings(host, port, way)
    open_by(way)
    logins = {"auth": auth_section(store, provider, way.public)} if provider and way.public else None
    return App(
        _SCRIPT,
        secrets=logins,
        lifespan=_loading(store),
        routes=[Route("/healthz", _health(store, way)), *invite_routes(store), *asset_routes()],
        middleware=[
            Middleware(SecurityHeaders, policy=content_security_policy(html_page()), secure=way.secure),
            Middleware(Door, public_host=way.host),
            Middleware(HostConfig),
            Middleware(KeptFiles),
        ],
    )


def serve(
    store: Store, listener: socket.socket, host: str, way: Entrance = _HERE, provider: dict[str, str] | None = None
) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises StoreError where the store is missing and cannot be made."""
    few_arenas()
    store.create()
    app = build_app(store, host, listener.getsockname()[1], way, provider)
    _settle()
    # Addresses hold the codes of invites: they are logged nowhere. A proxy says who asks; without one, nobody may.
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, ws="websockets-sansio",
        proxy_headers=way.public is not None,
    )  # fmt: skip
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        # uvicorn has shut everything down and passes the signal on.
        return
    finally:
        listener.close()


def _settle() -> None:
    """Load what pages are made of before anyone waits for one, and never look through it for garbage again.

    Streamlit has all garbage collected after each run of a script; going over what was loaded, which stays as long as
    the process, takes longer than all else that a refresh does.
    """
    # Charts and no views: what is cached wants Streamlit's runtime, which begins with the app.
    for name in ("drawing", "charts.loss", "charts.small", "charts.overlay"):
        import_module(f"dashboard.{name}")
    gc.collect()
    gc.freeze()


def _loading(store: Store) -> Any:
    @asynccontextmanager
    async def lifespan(_: App) -> AsyncGenerator[dict[str, Any] | None]:
        # One loader a process, whatever the number of viewers: runs of any script appear live.
        with loading(store), checking(store), giving_back(GIVE_BACK_SECONDS):
            yield None

    def start(app: App) -> AbstractAsyncContextManager[dict[str, Any] | None]:
        return lifespan(app)

    return start


def _health(store: Store, way: Entrance) -> Any:
    async def health(request: Request) -> JSONResponse:
        if way.public or not is_loopback(request.headers.get("host", "")):
            # Whoever asks is not known, or came by another name: nothing of this machine.
            return JSONResponse({"status": "ok" if _state(store) == "ok" else "the store cannot be read"})
        return JSONResponse({"status": _state(store), "store": store.shown, "version": VERSION})

    return health


def _state(store: Store) -> str:
    try:
        store.read("SELECT 1")
    except StoreError as error:
        return str(error)
    return "ok"
