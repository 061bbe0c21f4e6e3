"""Releases: what is live where, and what was."""

from dashboard import widgets
from dashboard.views import releases

widgets.live(releases.show, every=5.0)
