"""The Review page under test: what its script is given, and what it sends."""

import json
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import component
from dashboard.pages import page_path

APP = Path(dashboard.__file__).parent / "app.py"


class Browser:
    """What the page's script would do: it sees the data, and sends messages."""

    def __init__(self, monkeypatch, store):
        st.cache_data.clear()
        monkeypatch.setenv("ASSAY_STORE", str(store.path))
        self.data, self.waiting, self.count = None, [], 0
        monkeypatch.setattr(component, "mount", self._mount)
        monkeypatch.setattr(component, "sent", lambda: self.waiting)
        self.load()

    def load(self):
        """Open the page anew, as a reload does."""
        self.app = AppTest.from_file(str(APP), default_timeout=30)
        self.app.query_params["lang"] = "en"
        self.app.switch_page(page_path("review"))
        return self.run()

    def _mount(self, data, on_sent):
        self.data, self.on_sent = json.loads(json.dumps(data)), on_sent
        if self.waiting:
            # Streamlit calls it before anything is drawn; here the page is drawn once more.
            on_sent()
            self.waiting = []
            st.rerun()

    def run(self):
        self.app.run()
        assert not self.app.exception
        return self

    def send(self, kind, **content):
        """One message; returns its id."""
        self.count += 1
        message = {"id": f"m{self.count}", "kind": kind, **content}
        self.waiting = [message]
        self.run()
        return message["id"]

    def judge(self, choice="tie", **fields):
        pair = self.data["pair"]
        return self.send("submit", token=pair["token"], known=pair["known"], fields={"choice": choice, **fields})

    @property
    def words(self):
        """What stands on the page besides the script's part."""
        return "\n".join(part.proto.body for part in self.app.main if hasattr(part.proto, "body"))
