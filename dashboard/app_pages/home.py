"""Home: what waits for someone, what is running now, what ended, and how to begin."""

from dashboard import widgets
from dashboard.views import overview, waiting


def draw() -> None:
    """The whole page; it is live."""
    rows = widgets.rows_of_runs()
    # Where all runs were put away, reviews and releases may still wait for someone.
    if not rows and not widgets.rows_of_runs(archived=True):
        overview.first_steps()
        return
    found = waiting.items(rows)
    waiting.show(found)
    overview.running(rows)
    overview.ended(rows, {item.run["id"] for item in found})


widgets.live(draw, every=2.0)
