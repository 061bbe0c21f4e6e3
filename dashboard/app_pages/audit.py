"""Audit: the log of what people did, and whether it holds."""

from dashboard import widgets
from dashboard.views import audit

widgets.live(audit.show, None)
