"""A page as somebody opens it by its address: without the first page before it, which takes as long as most do."""

from collections.abc import Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import dashboard
from dashboard.pages import PAGES

__all__ = ["APP", "open_page"]

APP = Path(dashboard.__file__).parent / "app.py"

URLS = {entry.name: entry.url for entry in PAGES}


def open_page(page: str, asked: Mapping[str, str | list[str]], state: Mapping[str, object] | None = None) -> AppTest:
    """A page with what its address asks; `state` is put into the session before it is drawn."""
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params.update(asked)
    # As Streamlit finds a page by an address; its `switch_page` knows addresses only once a page was drawn.
    app._page_hash = calc_hash(URLS[page])
    for key, value in (state or {}).items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app
