"""Runs: all of them, to search, filter, sort and open."""

from dashboard import widgets
from dashboard.views import overview, table


def draw() -> None:
    """The whole page; it is live."""
    rows = widgets.rows_of_runs()
    if not rows:
        overview.first_steps()
        return
    table.summary(rows)
    table.show(table.filtered(rows))


widgets.live(draw, every=2.0)
