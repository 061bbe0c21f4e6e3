"""Release check: whether a checkpoint may be released, on what evidence, and who signs that."""

from dashboard import widgets
from dashboard.views import release_check

widgets.live(release_check.show, every=5.0)
