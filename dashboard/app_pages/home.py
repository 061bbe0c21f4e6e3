"""Home: what is running now, what ended, what failed, and how to begin."""

from dashboard import widgets
from dashboard.views import overview


def draw() -> None:
    """The whole page; it is live."""
    rows = widgets.rows_of_runs()
    if not rows:
        overview.first_steps()
        return
    overview.running(rows)
    overview.failed(rows)
    overview.ended(rows)


widgets.live(draw, every=2.0)
