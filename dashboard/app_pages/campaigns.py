"""Campaigns: blind reviews, how far they have come, what they found, and how to open one."""

from dashboard import widgets
from dashboard.views import campaigns

widgets.live(campaigns.show, every=5.0)
