"""The one part of the dashboard that is not made of Streamlit's own: the Review page, drawn by our script and style.

Streamlit loads such scripts from files only where it finds a package's manifest, under names that are packages' names.
Ours differs, so the manifest is handed over here. A script given as text would come from a `blob:` address, which the
policy of `security` refuses.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import streamlit as st
from streamlit.components.v2 import component
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.components.v2.types import ComponentRenderer

from assay.version import VERSION

__all__ = ["mount", "sent"]

_KEY = "review"

_NAME = "assay.review"

_renderers: dict[int, tuple[BidiComponentManager, ComponentRenderer]] = {}


def mount(data: Mapping[str, Any], on_sent: Callable[[], None]) -> None:
    """Draw the page from its data; `on_sent` is called, before anything is drawn, when messages have come."""
    _renderer()(key=_KEY, data=dict(data), on_sent_change=on_sent)


def sent() -> list[Any]:
    """The messages that have come, as the browser made them; none outside of `on_sent`."""
    found = cast("Mapping[str, Any]", st.session_state.get(_KEY) or {})
    messages = found.get("sent")
    return cast("list[Any]", messages) if isinstance(messages, list) else []


def _renderer() -> ComponentRenderer:
    manager = get_bidi_component_manager()
    kept, renderer = _renderers.get(id(manager), (None, None))
    if kept is manager and renderer is not None:
        return renderer
    # A process has one manager; under test, each page has its own.
    _renderers.clear()
    made = _register(manager)
    _renderers[id(manager)] = manager, made
    return made


def _register(manager: BidiComponentManager) -> ComponentRenderer:
    files = [ComponentConfig(name="review", asset_dir="static/review")]
    manifest = ComponentManifest(name="assay", version=VERSION, components=files)
    manager.register_from_manifest(manifest, package_root=Path(__file__).parent)
    # Without a shadow root what someone marks in an answer can be read in every browser.
    return component(_NAME, js="review.js", css="review.css", isolate_styles=False)
